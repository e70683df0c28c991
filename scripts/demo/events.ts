import type { SecurityEventInput } from '../../src';

/** An invented security event; when it happened is counted from the day of the demo. */
export interface DemoEvent extends Omit<SecurityEventInput, 'timestamp'> {
  readonly id: string;
  readonly minutesAgo: number;
}

export const demoEvents: readonly DemoEvent[] = [
  {
    id: 'demo/event-1',
    minutesAgo: 4,
    eventType: 'RATE_LIMIT_EXCEEDED',
    severity: 'LOW',
    source: '192.0.2.17',
    target: 'demo/weather-europe',
    description: '612 requests in a minute, 600 are allowed',
    metadata: { limit: 600, seen: 612 },
    mitigationApplied: true,
    mitigationDetails: 'answered 429 for 30 s',
  },
  {
    id: 'demo/event-2',
    minutesAgo: 9,
    eventType: 'AUTHENTICATION_FAILURE',
    severity: 'MEDIUM',
    source: '198.51.100.4',
    target: 'demo/bookkeeper',
    description: 'Three wrong signatures in a row',
    metadata: { attempts: 3 },
  },
  {
    id: 'demo/event-3',
    minutesAgo: 31,
    eventType: 'SYSTEM_ABUSE',
    severity: 'CRITICAL',
    source: 'demo/invoice-hunter',
    target: 'mail gateway',
    description: '40,000 messages within an hour',
    metadata: { messages: 40_000, blocked: true },
    mitigationApplied: true,
    mitigationDetails: 'agent suspended',
  },
  {
    id: 'demo/event-4',
    minutesAgo: 32,
    eventType: 'THREAT_DETECTED',
    severity: 'HIGH',
    source: 'demo/invoice-hunter',
    target: 'demo/bookkeeper',
    description: 'Asked for the address book of another owner',
    metadata: { confidence: 0.93 },
  },
  {
    id: 'demo/event-5',
    minutesAgo: 190,
    eventType: 'CERTIFICATE_VIOLATION',
    severity: 'HIGH',
    source: 'demo/dock-scheduler',
    target: 'demo/route-planner',
    description: 'Called with a registration that has expired',
  },
  {
    id: 'demo/event-6',
    minutesAgo: 1450,
    eventType: 'SUSPICIOUS_QUERY',
    severity: 'INFO',
    source: '203.0.113.80',
    target: 'directory',
    description: "Searched for names that contain '%'",
    metadata: { query: '%' },
  },
];

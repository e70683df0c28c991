import type { Metadata } from '../metadata/types';

/** How bad an event is, from the least to the worst. */
export const SecuritySeverity = {
  INFO: 'INFO',
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type SecuritySeverity = (typeof SecuritySeverity)[keyof typeof SecuritySeverity];

/** The types of event that are known by name. The set is open: any other non-empty text is stored as given. */
export const SecurityEventType = {
  AUTHENTICATION_FAILURE: 'AUTHENTICATION_FAILURE',
  CERTIFICATE_VIOLATION: 'CERTIFICATE_VIOLATION',
  RATE_LIMIT_EXCEEDED: 'RATE_LIMIT_EXCEEDED',
  SUSPICIOUS_QUERY: 'SUSPICIOUS_QUERY',
  UNAUTHORIZED_ACCESS: 'UNAUTHORIZED_ACCESS',
  SYSTEM_ABUSE: 'SYSTEM_ABUSE',
  THREAT_DETECTED: 'THREAT_DETECTED',
} as const;
/** A known type, or any other text; the intersection keeps the known ones in an editor's suggestions. */
export type SecurityEventType =
  (typeof SecurityEventType)[keyof typeof SecurityEventType] | (string & Record<never, never>);

/** Something that happened and matters to security, as it is read. */
export interface SecurityEvent {
  id: string;
  timestamp: Date;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  /** Where it came from: an address, the id of an agent. */
  source: string;
  /** What it was against. */
  target: string;
  description: string;
  metadata: Metadata;
  mitigationApplied: boolean;
  mitigationDetails?: string;
}

/** A security event as it is given. */
export interface SecurityEventInput {
  /** Default: a UUIDv7. */
  id?: string | undefined;
  /** Default: now. */
  timestamp?: Date | undefined;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  source: string;
  target: string;
  description: string;
  /** Default: empty. */
  metadata?: Metadata | undefined;
  /** Default: false. */
  mitigationApplied?: boolean | undefined;
  mitigationDetails?: string | undefined;
}

/**
 * Which events to find, newest first and by id among those of one millisecond. Every field that is given has to match;
 * `undefined` means no filter; an empty string or an empty array matches nothing.
 */
export interface SecurityEventQuery {
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** Not before. */
  from?: Date | undefined;
  /** Not after. */
  to?: Date | undefined;
  /** Any of these. */
  eventTypes?: readonly SecurityEventType[] | undefined;
  /** Any of these. */
  severities?: readonly SecuritySeverity[] | undefined;
  /** This bad, or worse. */
  minSeverity?: SecuritySeverity | undefined;
  source?: string | undefined;
  target?: string | undefined;
  mitigationApplied?: boolean | undefined;
  /** Every key given holds exactly this JSON value. */
  metadata?: Metadata | undefined;
  /** How many at most; 0 gives none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /** How many to leave out first. Default: 0. */
  offset?: number | undefined;
}

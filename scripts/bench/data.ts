import type { JsonValue, SecuritySeverity } from '../../src';
import { Random, Zipf } from './random';

/** Agent of the benchmark. All fields are set, so that no contender has to generate a value. */
export interface BenchAgent {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly certificateId: string;
  readonly endpoints: readonly BenchEndpoint[];
  readonly defaultEndpoint: string;
  readonly capabilities: readonly string[];
  readonly version: string;
  readonly description: string;
  /** Metadata of the agent. The keys of its objects are sorted, as in the canonical JSON that the package stores. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly status: 'ACTIVE' | 'SUSPENDED';
  readonly owner: string;
}

export interface BenchEndpoint {
  readonly id: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly health: { readonly status: 'HEALTHY' | 'DEGRADED'; readonly lastChecked: Date };
}

export interface BenchCertificate {
  readonly id: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: string;
  readonly certificate: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, JsonValue>>;
}

/** Numbers of records in a database of the benchmark. */
export interface DatabaseSize {
  readonly agentCount: number;
  readonly eventCount: number;
}

export interface BenchEvent {
  readonly id: string;
  readonly timestamp: Date;
  readonly eventType: string;
  readonly severity: SecuritySeverity;
  readonly source: string;
  readonly target: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, JsonValue>>;
  readonly mitigationApplied: boolean;
}

/** Current time that every contender uses. Generated records are older. */
export const nowMs = Date.UTC(2026, 0, 1);
export const eventIntervalMs = 1000;
const agentIntervalMs = 60_000;
const capabilityCount = 500;

const adjectives =
  'amber brisk calm dapper eager fuzzy gentle humble ivory jolly keen lucid mellow nimble opal proud quiet rapid solid tidy'.split(
    ' ',
  );
const nouns =
  'anchor beacon compass delta engine falcon garden harbor island jasmine kernel lantern meadow nebula orchard prism quarry river summit tunnel'.split(
    ' ',
  );
const protocols = ['https', 'wss', 'grpc', 'mcp'] as const;
const severities = ['INFO', 'INFO', 'INFO', 'LOW', 'LOW', 'MEDIUM', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
const eventTypes = [
  'AUTHENTICATION_FAILURE',
  'RATE_LIMIT_EXCEEDED',
  'SUSPICIOUS_QUERY',
  'UNAUTHORIZED_ACCESS',
] as const;

const zipf = new Zipf(capabilityCount);

/** Independent streams of random numbers, one for each use. */
const enum Stream {
  Agent = 1,
  Certificate,
  Event,
}

export function agentId(index: number): string {
  return `agent-${String(index).padStart(8, '0')}-${new Random(7, index).hex(18)}`;
}

/**
 * Returns the agent with an index. Revisions of an agent have the same id, certificate and owner, and differ in the
 * other fields.
 */
export function agentAt(index: number, agentCount: number, revision = 0): BenchAgent {
  const random = new Random(Stream.Agent, index, revision);
  const endpoints = Array.from({ length: random.between(1, 3) }, (_, position) => endpointOf(random, position));
  const changedMs = revision === 0 && index < agentCount ? nowMs - (agentCount - index) * agentIntervalMs : nowMs;
  return {
    id: agentId(index),
    name: nameOf(random, index),
    publicKey: pemOf(random, 'PUBLIC KEY', 178),
    certificateId: certificateId(index % agentCount),
    endpoints,
    defaultEndpoint: endpoints[0]?.id ?? '',
    capabilities: [...drawCapabilities(random, random.between(2, 8)), ...rareCapabilities(index)],
    version: `${random.between(0, 4)}.${random.between(0, 20)}.${random.between(0, 30)}`,
    description: `Made for measuring, number ${index}: ${random.hex(60)}`,
    metadata: metadataOf(random, random.between(0, 6)),
    createdAt: new Date(revision === 0 ? changedMs : nowMs - 1000),
    updatedAt: new Date(changedMs),
    expiresAt: new Date(nowMs + random.between(1, 365) * 86_400_000),
    status: random.next() < 0.95 ? 'ACTIVE' : 'SUSPENDED',
    owner: ownerOf(index, agentCount),
  };
}

/** Returns the owner of the agent with an index. Each owner has a hundred agents. */
export function ownerOf(index: number, agentCount: number): string {
  return `owner-${index % Math.max(1, Math.floor(agentCount / 100))}`;
}

export function capabilityOf(rank: number): string {
  return `capability.${adjectives[rank % adjectives.length]}.${rank}`;
}

/** Returns distinct random capabilities. Popular capabilities occur more often than rare ones. */
export function drawCapabilities(random: Random, count: number): string[] {
  const ranks = new Set<number>();
  while (ranks.size < count) ranks.add(zipf.draw(random));
  return [...ranks].map(capabilityOf);
}

/**
 * Returns the rare capability that every fourth agent has. Ten agents share each of them, regardless of the size of the
 * directory.
 */
function rareCapabilities(index: number): string[] {
  return index % 4 === 0 ? [`rare.${Math.floor(index / 40)}`] : [];
}

/** Returns the index of an agent with a rare capability. */
export function rareAgent(index: number): number {
  return index - (index % 4);
}

/** Returns a random part of a name that about one name in twenty contains. */
export function namePartOf(random: Random): string {
  return nouns[random.between(0, nouns.length - 1)] ?? '';
}

export function certificateId(index: number): string {
  return `certificate-${String(index).padStart(8, '0')}`;
}

export function fingerprintOf(index: number): string {
  const hex = new Random(Stream.Certificate, index).hex(64).toUpperCase();
  return hex.replace(/..(?!$)/g, '$&:');
}

export function certificateAt(index: number): BenchCertificate {
  const random = new Random(Stream.Certificate, index, 1);
  return {
    id: certificateId(index),
    subject: `CN=agent-${index}.example, O=Bench`,
    issuer: 'CN=Bench CA',
    notBefore: new Date(nowMs - 86_400_000),
    notAfter: new Date(nowMs + 365 * 86_400_000),
    publicKey: pemOf(random, 'PUBLIC KEY', 178),
    certificate: pemOf(random, 'CERTIFICATE', 1200),
    fingerprint: fingerprintOf(index),
    createdAt: new Date(nowMs - 86_400_000),
    metadata: { keySize: 256, type: 'AGENT' },
  };
}

export function eventId(index: number): string {
  return `event-${String(index).padStart(9, '0')}-${new Random(9, index).hex(16)}`;
}

/** Returns the event with an index. An event with a higher index is newer. */
export function eventAt(index: number, eventCount: number): BenchEvent {
  const random = new Random(Stream.Event, index);
  return {
    id: eventId(index),
    timestamp: new Date(nowMs - (eventCount - index) * eventIntervalMs),
    eventType: random.pick(eventTypes),
    severity: random.pick(severities),
    source: `192.0.2.${random.between(1, 254)}`,
    target: `target-${random.between(1, 1000)}`,
    description: `Something happened: ${random.hex(40)}`,
    metadata: { attempts: random.between(1, 9), path: `/v1/${random.hex(6)}` },
    mitigationApplied: random.next() < 0.3,
  };
}

function nameOf(random: Random, index: number): string {
  const adjective = adjectives[random.between(0, adjectives.length - 1)] ?? '';
  const noun = nouns[random.between(0, nouns.length - 1)] ?? '';
  return `${adjective[0]?.toUpperCase()}${adjective.slice(1)} ${noun} ${index.toString(36)}`;
}

function endpointOf(random: Random, position: number): BenchEndpoint {
  const protocol = random.pick(protocols);
  return {
    id: position === 0 ? 'main' : `other-${position}`,
    protocol,
    address: `${protocol}://host-${random.hex(8)}.example/agent`,
    port: random.between(1024, 65_535),
    health: {
      status: random.next() < 0.8 ? 'HEALTHY' : 'DEGRADED',
      lastChecked: new Date(nowMs - random.between(0, 3_600_000)),
    },
  };
}

function metadataOf(random: Random, count: number): Record<string, JsonValue> {
  const values: Record<string, JsonValue> = {
    gpu: random.next() < 0.5,
    limits: { burst: random.between(1, 50), perMinute: random.between(60, 6000) },
    price: random.between(1, 999) / 100,
    region: random.pick(['eu', 'us', 'ap']),
    tags: [random.hex(4), random.hex(4)],
    tier: random.between(1, 5),
  };
  return Object.fromEntries(Object.entries(values).slice(0, count));
}

function pemOf(random: Random, label: string, length: number): string {
  const body = Buffer.from(random.hex(Math.ceil(length * 0.75) * 2), 'hex')
    .toString('base64')
    .slice(0, length);
  return `-----BEGIN ${label}-----\n${body.replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;
}

import type {
  AgentRecord,
  Certificate,
  Facet,
  JsonValue,
  Metadata,
  ResolveResult,
  SecurityEvent,
} from '../../../../src';
import { nowMs } from '../../data';

/*
 * Converts rows of the hand-written statements to records. The statements determine the types of the columns, so the
 * rows are not validated.
 */

export type AgentRow = [
  id: string,
  name: string,
  publicKey: string,
  certificateId: string,
  defaultEndpointId: string | null,
  version: string,
  description: string | null,
  createdAt: number,
  updatedAt: number,
  expiresAt: number,
  status: AgentRecord['status'],
  owner: string,
  endpoints: string,
  capabilities: string,
  /** JSON object that the statement concatenates, because the stored values are JSON. */
  metadata: string,
];

type EndpointRow = [
  id: string,
  protocol: string,
  address: string,
  port: number,
  status: AgentRecord['endpoints'][number]['health']['status'],
  lastChecked: number,
  message: string | null,
  metadata: string | null,
];

export function toAgent(row: AgentRow): AgentRecord {
  const endpoints = (JSON.parse(row[12]) as EndpointRow[]).map(toEndpoint);
  const agent: AgentRecord = {
    id: row[0],
    name: row[1],
    publicKey: row[2],
    certificateId: row[3],
    endpoints,
    capabilities: JSON.parse(row[13]) as string[],
    version: row[5],
    metadata: JSON.parse(row[14]) as Metadata,
    createdAt: new Date(row[7]),
    updatedAt: new Date(row[8]),
    expiresAt: new Date(row[9]),
    status: row[10],
    owner: row[11],
  };
  const defaultEndpoint = row[4] === null ? undefined : endpoints.find(({ id }) => id === row[4]);
  if (defaultEndpoint !== undefined) agent.defaultEndpoint = defaultEndpoint;
  if (row[6] !== null) agent.description = row[6];
  return agent;
}

function toEndpoint(row: EndpointRow): AgentRecord['endpoints'][number] {
  const endpoint: AgentRecord['endpoints'][number] = {
    id: row[0],
    protocol: row[1],
    address: row[2],
    port: row[3],
    health: { status: row[4], lastChecked: new Date(row[5]) },
  };
  if (row[6] !== null) endpoint.health.message = row[6];
  if (row[7] !== null) endpoint.metadata = JSON.parse(row[7]) as Metadata;
  return endpoint;
}

export type EventRow = [
  id: string,
  timestamp: number,
  eventType: string,
  severity: SecurityEvent['severity'],
  source: string,
  target: string,
  description: string,
  mitigationApplied: number,
  mitigationDetails: string | null,
  metadata: string,
];

export function toEvent(row: EventRow): SecurityEvent {
  const event: SecurityEvent = {
    id: row[0],
    timestamp: new Date(row[1]),
    eventType: row[2],
    severity: row[3],
    source: row[4],
    target: row[5],
    description: row[6],
    metadata: JSON.parse(row[9]) as Metadata,
    mitigationApplied: row[7] === 1,
  };
  if (row[8] !== null) event.mitigationDetails = row[8];
  return event;
}

export type CertificateRow = [
  id: string,
  subject: string,
  issuer: string,
  notBefore: number,
  notAfter: number,
  publicKey: string,
  certificate: string,
  fingerprint: string,
  status: Certificate['status'],
  createdAt: number,
  metadata: string,
];

export function toCertificate(row: CertificateRow): Certificate {
  return {
    id: row[0],
    subject: row[1],
    issuer: row[2],
    notBefore: new Date(row[3]),
    notAfter: new Date(row[4]),
    publicKey: row[5],
    certificate: row[6],
    fingerprint: row[7],
    status: row[8],
    metadata: JSON.parse(row[10]) as Metadata,
    createdAt: new Date(row[9]),
  };
}

/** Columns of the agent, then those of its certificate. */
export type ResolvedRow = [...AgentRow, ...CertificateRow];

const longestTtlSeconds = 300;

export function toResolved(row: ResolvedRow | undefined, protocol: string): ResolveResult {
  if (row === undefined) return { outcome: 'not-found' };
  // The casts are safe, because both parts of the row have fixed lengths.
  const agent = toAgent(row.slice(0, 15) as AgentRow);
  const certificate = toCertificate(row.slice(15) as CertificateRow);
  const usable = agent.endpoints.filter((endpoint) => endpoint.protocol === protocol);
  const endpoint = usable.find(({ health }) => health.status === 'HEALTHY') ?? usable[0];
  const endMs = Math.min(agent.expiresAt.getTime(), certificate.notAfter.getTime());
  const ttlSeconds = Math.min(longestTtlSeconds, Math.floor((endMs - nowMs) / 1000));
  return {
    outcome: 'resolved',
    agent,
    certificate,
    ...(endpoint === undefined ? undefined : { endpoint }),
    ttlSeconds,
  };
}

/**
 * Row of a facet: the index of the facet, a value, the number of agents with the value, and the sum over all values.
 */
export type FacetRow = [facet: number, label: string, uses: number, total: number];

const facetCount = 3;

export function toFacets(rows: readonly FacetRow[]): Facet[] {
  return Array.from({ length: facetCount }, (_, facet) => {
    const own = rows.filter(([index]) => index === facet);
    const isJson = facet === facetCount - 1;
    const buckets = own.map(([, label, uses]) => {
      return { key: isJson ? (JSON.parse(label) as JsonValue) : label, count: uses };
    });
    const total = own[0]?.[3] ?? 0;
    return { buckets, otherCount: buckets.reduce((rest, { count }) => rest - count, total) };
  });
}

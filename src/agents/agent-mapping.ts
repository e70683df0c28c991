import type { Metadata } from '../metadata/types';
import type { Row } from '../sql/statement';
import { storedJson, storedTime } from '../sql/stored';
import type { AgentRecord, AgentStatus, Endpoint, HealthStatus } from './types';

/** A row of `agentColumns`, in their order. */
type AgentResultRow = readonly [
  id: string,
  name: string,
  publicKey: string,
  certificateId: string,
  defaultEndpointId: string | null,
  version: string,
  description: string | null,
  createdAtMs: number,
  updatedAtMs: number,
  expiresAtMs: number,
  status: AgentStatus,
  owner: string,
  endpoints: string,
  capabilities: string,
  metadata: string,
];

/** An endpoint as the aggregate of `agentColumns` holds it. */
type EndpointResult = readonly [
  id: string,
  protocol: string,
  address: string,
  port: number,
  healthStatus: HealthStatus,
  lastCheckedMs: number,
  healthMessage: string | null,
  metadata: string | null,
];

/** The record that a row of `agentColumns` stands for. */
export function toAgentRecord(row: Row): AgentRecord {
  // The statement that made the row selects exactly these columns.
  const columns = row as AgentResultRow;
  const endpoints = (storedJson(columns[12], 'agent', 'endpoints') as EndpointResult[]).map(toEndpoint);
  const agent: AgentRecord = {
    id: columns[0],
    name: columns[1],
    publicKey: columns[2],
    certificateId: columns[3],
    endpoints,
    capabilities: storedJson(columns[13], 'agent', 'capabilities') as string[],
    version: columns[5],
    metadata: storedJson(columns[14], 'agent', 'metadata') as Metadata,
    createdAt: storedTime(columns[7], 'agent', 'createdAt'),
    updatedAt: storedTime(columns[8], 'agent', 'updatedAt'),
    expiresAt: storedTime(columns[9], 'agent', 'expiresAt'),
    status: columns[10],
    owner: columns[11],
  };
  // Assigned, not spread: of a single record that is read, spreading took a tenth of the time.
  const defaultEndpoint = columns[4] === null ? undefined : endpoints.find(({ id }) => id === columns[4]);
  if (defaultEndpoint !== undefined) agent.defaultEndpoint = defaultEndpoint;
  if (columns[6] !== null) agent.description = columns[6];
  return agent;
}

function toEndpoint(columns: EndpointResult): Endpoint {
  const endpoint: Endpoint = {
    id: columns[0],
    protocol: columns[1],
    address: columns[2],
    port: columns[3],
    health: { status: columns[4], lastChecked: storedTime(columns[5], 'endpoint', 'lastChecked') },
  };
  if (columns[6] !== null) endpoint.health.message = columns[6];
  if (columns[7] !== null) endpoint.metadata = storedJson(columns[7], 'endpoint', 'metadata') as Metadata;
  return endpoint;
}

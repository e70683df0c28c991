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
  const endpoints = (storedJson(columns[12], { entity: 'agent' }) as EndpointResult[]).map(toEndpoint);
  const defaultEndpoint = columns[4] === null ? undefined : endpoints.find(({ id }) => id === columns[4]);
  return {
    id: columns[0],
    name: columns[1],
    publicKey: columns[2],
    certificateId: columns[3],
    endpoints,
    ...(defaultEndpoint === undefined ? undefined : { defaultEndpoint }),
    capabilities: storedJson(columns[13], { entity: 'agent', field: 'capabilities' }) as string[],
    version: columns[5],
    ...(columns[6] === null ? undefined : { description: columns[6] }),
    metadata: storedJson(columns[14], { entity: 'agent', field: 'metadata' }) as Metadata,
    createdAt: storedTime(columns[7], { entity: 'agent', field: 'createdAt' }),
    updatedAt: storedTime(columns[8], { entity: 'agent', field: 'updatedAt' }),
    expiresAt: storedTime(columns[9], { entity: 'agent', field: 'expiresAt' }),
    status: columns[10],
    owner: columns[11],
  };
}

function toEndpoint([id, protocol, address, port, status, lastCheckedMs, message, metadata]: EndpointResult): Endpoint {
  return {
    id,
    protocol,
    address,
    port,
    health: {
      status,
      lastChecked: storedTime(lastCheckedMs, { entity: 'endpoint', field: 'lastChecked' }),
      ...(message === null ? undefined : { message }),
    },
    ...(metadata === null
      ? undefined
      : { metadata: storedJson(metadata, { entity: 'endpoint', field: 'metadata' }) as Metadata }),
  };
}

import type { Metadata } from '../metadata/types';
import type { Row } from '../sql/statement';
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
  const endpoints = (JSON.parse(columns[12]) as EndpointResult[]).map(toEndpoint);
  const defaultEndpoint = columns[4] === null ? undefined : endpoints.find(({ id }) => id === columns[4]);
  return {
    id: columns[0],
    name: columns[1],
    publicKey: columns[2],
    certificateId: columns[3],
    endpoints,
    ...(defaultEndpoint === undefined ? undefined : { defaultEndpoint }),
    capabilities: JSON.parse(columns[13]) as string[],
    version: columns[5],
    ...(columns[6] === null ? undefined : { description: columns[6] }),
    metadata: JSON.parse(columns[14]) as Metadata,
    createdAt: new Date(columns[7]),
    updatedAt: new Date(columns[8]),
    expiresAt: new Date(columns[9]),
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
    health: { status, lastChecked: new Date(lastCheckedMs), ...(message === null ? undefined : { message }) },
    ...(metadata === null ? undefined : { metadata: JSON.parse(metadata) as Metadata }),
  };
}

import type { AgentModel, EndpointModel } from '../generated/prisma/models';
import type { Metadata } from '../metadata/types';
import { sortByCodePoint } from '../sql/code-point-order';
import type { Unchecked, UncheckedValues } from '../sql/model';
import type { Row } from '../sql/statement';
import { storedChoice, storedJson, storedOptionalText, storedPort, storedText, storedTime } from '../sql/stored';
import { AgentStatus, HealthStatus, type AgentRecord, type Endpoint } from './types';
import type { Deprecation } from './version-types';

const statuses: ReadonlySet<AgentModel['status']> = new Set(Object.values(AgentStatus));
const healthStatuses: ReadonlySet<EndpointModel['healthStatus']> = new Set(Object.values(HealthStatus));

/** Row of the columns that `agentColumns` composes. The collections are JSON texts. */
type AgentResultRow = readonly [
  ...UncheckedValues<AgentModel, ['id', 'name', 'publicKey', 'certificateId', 'defaultEndpointId', 'version']>,
  ...UncheckedValues<AgentModel, ['description', 'createdAt', 'updatedAt', 'expiresAt', 'status', 'owner']>,
  endpoints: string,
  capabilities: string,
  metadata: string,
  ...deprecation: DeprecationRow,
];

/** Row of the columns that `deprecationColumns` composes. */
export type DeprecationRow = UncheckedValues<AgentModel, ['deprecatedAt', 'deprecationReason', 'successorId']>;

/** Endpoint in the JSON array that `agentColumns` builds: an array of the endpoint's values. */
type EndpointResult = UncheckedValues<
  EndpointModel,
  ['id', 'protocol', 'address', 'port', 'healthStatus', 'lastChecked', 'healthMessage', 'metadata', 'position']
>;

/** Converts a row of the columns of `agentColumns` to a record. */
export function toAgentRecord(row: Row): AgentRecord {
  // The cast is safe: every statement whose rows are passed to this function selects exactly these columns.
  const columns = row as AgentResultRow;
  const id = storedText(columns[0], 'agent', columns[0], 'id');
  // The casts are safe: `agentColumns` builds an array of endpoints, an array of capability names, and an object with
  // the metadata.
  const endpointRows = storedJson(columns[12], 'agent', id, 'endpoints') as EndpointResult[];
  if (endpointRows.length > 1) endpointRows.sort(byPosition);
  const endpoints = endpointRows.map((endpoint) => toEndpoint(endpoint, id));
  const names = storedJson(columns[13], 'agent', id, 'capabilities') as Unchecked<string>[];
  const capabilities = names.map((name) => storedText(name, 'agent', id, 'capabilities'));
  const agent: AgentRecord = {
    id,
    name: storedText(columns[1], 'agent', id, 'name'),
    publicKey: storedText(columns[2], 'agent', id, 'publicKey'),
    certificateId: storedText(columns[3], 'agent', id, 'certificateId'),
    endpoints,
    capabilities: sortByCodePoint(capabilities),
    version: storedText(columns[5], 'agent', id, 'version'),
    metadata: storedJson(columns[14], 'agent', id, 'metadata') as Metadata,
    createdAt: storedTime(columns[7], 'agent', id, 'createdAt'),
    updatedAt: storedTime(columns[8], 'agent', id, 'updatedAt'),
    expiresAt: storedTime(columns[9], 'agent', id, 'expiresAt'),
    status: storedStatus(columns[10], id),
    owner: storedText(columns[11], 'agent', id, 'owner'),
  };
  // Assigns the optional fields one by one, because spreading objects took a tenth of the time of reading a record.
  const defaultId = storedOptionalText(columns[4], 'agent', id, 'defaultEndpoint');
  const defaultEndpoint = defaultId === null ? undefined : endpoints.find((endpoint) => endpoint.id === defaultId);
  if (defaultEndpoint !== undefined) agent.defaultEndpoint = defaultEndpoint;
  const description = storedOptionalText(columns[6], 'agent', id, 'description');
  if (description !== null) agent.description = description;
  const deprecation = toDeprecation([columns[15], columns[16], columns[17]], id);
  if (deprecation !== undefined) agent.deprecation = deprecation;
  return agent;
}

/** Converts a row of the columns of `deprecationColumns`. Returns undefined when the agent has no deprecation. */
export function toDeprecation([at, reason, successorId]: DeprecationRow, id: string): Deprecation | undefined {
  if (at === null) return undefined;
  const deprecation: Deprecation = { at: storedTime(at, 'agent', id, 'deprecation.at') };
  const text = storedOptionalText(reason, 'agent', id, 'deprecation.reason');
  if (text !== null) deprecation.reason = text;
  const successor = storedOptionalText(successorId, 'agent', id, 'deprecation.successorId');
  if (successor !== null) deprecation.successorId = successor;
  return deprecation;
}

/**
 * Returns the stored status of the agent `id`.
 *
 * @throws CORRUPT when the status is invalid
 */
export function storedStatus(status: Unchecked<AgentModel['status']>, id: string): AgentStatus {
  return storedChoice(status, statuses, 'agent', id, 'status');
}

function byPosition(one: EndpointResult, other: EndpointResult): number {
  return Number(one[8]) - Number(other[8]);
}

function toEndpoint(columns: EndpointResult, agentId: string): Endpoint {
  const id = storedText(columns[0], 'endpoint', columns[0], 'id', agentId);
  const endpoint: Endpoint = {
    id,
    protocol: storedText(columns[1], 'endpoint', id, 'protocol', agentId),
    address: storedText(columns[2], 'endpoint', id, 'address', agentId),
    port: storedPort(columns[3], 'endpoint', id, 'port', agentId),
    health: {
      status: storedChoice(columns[4], healthStatuses, 'endpoint', id, 'health.status', agentId),
      lastChecked: storedTime(columns[5], 'endpoint', id, 'health.lastChecked', agentId),
    },
  };
  const message = storedOptionalText(columns[6], 'endpoint', id, 'health.message', agentId);
  if (message !== null) endpoint.health.message = message;
  const metadata = storedOptionalText(columns[7], 'endpoint', id, 'metadata', agentId);
  // The cast is safe: this package stores only JSON objects in this column.
  if (metadata !== null) endpoint.metadata = storedJson(metadata, 'endpoint', id, 'metadata', agentId) as Metadata;
  return endpoint;
}

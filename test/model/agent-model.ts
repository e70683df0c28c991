import type {
  AgentInput,
  AgentRecord,
  AgentUpdate,
  DatabaseErrorCode,
  Endpoint,
  EndpointInput,
  EndpointReference,
  CreateOptions,
  UpdateOptions,
} from '../../src';
import { answers, asOneCall, fails, generatedId, leaves, toFeedEntry, withFeedEntries, withAgents } from './prediction';
import type { Directory, Prediction, Settings } from './prediction';
import { compareCodePoints } from './text';
import { hasLeft, isNameTaken, isRenamed, withHold, withoutHold } from './unique-name-model';

/**
 * Predicts `createAgent`: ALREADY_EXISTS for a known id or a taken unique name, REFERENCE_NOT_FOUND for an unknown
 * certificate.
 */
export function createAgent(
  directory: Directory,
  settings: Settings,
  input: AgentInput,
  { unique = 'none', allowRevokedCertificate: allowsRevoked = false }: CreateOptions = {},
): Prediction {
  const required = [input.name, input.publicKey, input.certificateId, input.version, input.owner];
  if (required.includes('') || !isRight(input) || !isAmong(input.defaultEndpoint, input.endpoints ?? [])) {
    return fails(directory, 'INVALID_INPUT');
  }
  if (input.updatedAt !== undefined && input.updatedAt.getTime() >= firstRefusedUpdateMs) {
    return fails(directory, 'INVALID_INPUT');
  }
  const codes: DatabaseErrorCode[] = [];
  const isIdKnown = input.id !== undefined && directory.agents.has(input.id);
  if (isIdKnown || isNameTaken(directory, input, unique)) codes.push('ALREADY_EXISTS');
  const certificateCode = codeOfAttaching(directory, input.certificateId, allowsRevoked);
  if (certificateCode !== undefined) codes.push(certificateCode);
  if (codes.length > 0) return fails(directory, ...codes);
  const next = (id: unknown): Directory =>
    withHold(
      withAgents(directory, [toRecord(input, String(id), settings)], 'CREATED', settings.nowMs),
      String(id),
      unique,
    );
  return { outcomes: [{ result: input.id ?? generatedId }], next };
}

/**
 * Predicts `updateAgent`: `false` when the agent does not exist. `undefined` keeps a field, `null` clears it, and
 * collections are replaced. REVOKED is final. CONFLICT when the agent was changed since `ifUpdatedAt`.
 */
export function updateAgent(
  directory: Directory,
  settings: Settings,
  input: AgentUpdate,
  { ifUpdatedAt, allowRevokedCertificate: allowsRevoked = false }: UpdateOptions = {},
): Prediction {
  const given = [input.id, input.name, input.publicKey, input.certificateId, input.version, input.owner];
  if (given.includes('') || !isRight(input)) return fails(directory, 'INVALID_INPUT');
  const { defaultEndpoint, endpoints, status } = input;
  if (endpoints !== undefined && !isAmong(defaultEndpoint, endpoints)) return fails(directory, 'INVALID_INPUT');
  const before = directory.agents.get(input.id);
  if (before === undefined) return answers(directory, false);
  // The call reports the first of several errors.
  const codes: DatabaseErrorCode[] = isStale(before, ifUpdatedAt) ? ['CONFLICT'] : [];
  if (before.status === 'REVOKED' && status !== undefined && status !== 'REVOKED') codes.push('INVALID_TRANSITION');
  if (endpoints === undefined && !isAmong(defaultEndpoint, before.endpoints)) codes.push('INVALID_INPUT');
  const changed = toChanged(before, input, settings);
  if (isRenamed(before, changed) && isNameTaken(directory, changed, 'none', input.id)) codes.push('ALREADY_EXISTS');
  const certificateCode = codeOfAttaching(directory, changed.certificateId, allowsRevoked);
  if (changed.certificateId !== before.certificateId && certificateCode !== undefined) codes.push(certificateCode);
  if (codes[0] !== undefined) return fails(directory, codes[0]);
  const after = withAgents(directory, [changed], 'UPDATED', settings.nowMs);
  const hasLost = hasLeft(before, changed, directory.holds.get(input.id));
  return leaves(hasLost ? withoutHold(after, input.id) : after, true);
}

/**
 * Returns the error code when an agent cannot use a certificate: the certificate is unknown, or it is REVOKED and that
 * is not allowed.
 */
function codeOfAttaching(
  { certificates }: Directory,
  id: string,
  allowsRevoked: boolean,
): DatabaseErrorCode | undefined {
  const certificate = certificates.get(id);
  if (certificate === undefined) return 'REFERENCE_NOT_FOUND';
  return certificate.status === 'REVOKED' && !allowsRevoked ? 'INVALID_TRANSITION' : undefined;
}

/**
 * First time that `updatedAt` must not have: it must be before year 9999, so that every change can set a later time.
 */
const firstRefusedUpdateMs = Date.UTC(9999, 0, 1);

/** Returns the `updatedAt` that a change sets: now, or one millisecond after the previous value if that is later. */
export function nextUpdate(before: AgentRecord, nowMs: number): Date {
  return new Date(Math.max(nowMs, before.updatedAt.getTime() + 1));
}

/** Reports whether an agent was changed since `ifUpdatedAt`. */
export function isStale(agent: AgentRecord, ifUpdatedAt: Date | undefined): boolean {
  return ifUpdatedAt !== undefined && agent.updatedAt.getTime() !== ifUpdatedAt.getTime();
}

/** Predicts `deleteAgent`: `false` when the agent does not exist. Its predecessors lose their successor. */
export function deleteAgent(directory: Directory, { nowMs }: Settings, id: string): Prediction {
  if (!directory.agents.has(id)) return answers(directory, false);
  const rest = new Map(directory.agents);
  rest.delete(id);
  const predecessors = [...rest.values()].flatMap((agent) => {
    const { successorId, ...kept } = agent.deprecation ?? { at: new Date(0) };
    return successorId === id ? [{ ...agent, updatedAt: nextUpdate(agent, nowMs), deprecation: kept }] : [];
  });
  const after = withAgents(withoutHold({ ...directory, agents: rest }, id), predecessors, 'UPDATED', nowMs);
  return leaves(asOneCall(directory, withFeedEntries(after, [toFeedEntry('agent', id, 'DELETED', nowMs)])), true);
}

/** Reports whether the ids and capabilities are not empty, the endpoint ids are unique and the ports are valid. */
function isRight({ id, capabilities = [], endpoints = [], defaultEndpoint }: AgentInput | AgentUpdate): boolean {
  const ids = endpoints.map((endpoint) => endpoint.id);
  return (
    id !== '' &&
    (!defaultEndpoint || idOf(defaultEndpoint) !== '') &&
    defaultEndpoint !== '' &&
    !capabilities.includes('') &&
    !ids.includes('') &&
    new Set(ids).size === ids.length &&
    endpoints.every(({ port }) => port >= 1 && port <= 65_535)
  );
}

function idOf(reference: EndpointReference): string {
  return typeof reference === 'string' ? reference : reference.id;
}

function isAmong(reference: EndpointReference | null | undefined, endpoints: readonly EndpointInput[]): boolean {
  if (reference === undefined || reference === null) return true;
  return endpoints.some(({ id }) => id === idOf(reference));
}

function toRecord(input: AgentInput, id: string, { nowMs, lifetimeMs }: Settings): AgentRecord {
  const endpoints = (input.endpoints ?? []).map((endpoint) => toEndpoint(endpoint, nowMs));
  return {
    id,
    name: input.name,
    publicKey: input.publicKey,
    certificateId: input.certificateId,
    endpoints,
    ...withDefault(endpoints, input.defaultEndpoint),
    capabilities: toCapabilities(input.capabilities ?? []),
    version: input.version,
    ...(input.description === undefined ? {} : { description: input.description }),
    metadata: input.metadata ?? {},
    createdAt: input.createdAt ?? new Date(nowMs),
    updatedAt: input.updatedAt ?? new Date(nowMs),
    expiresAt: input.expiresAt ?? new Date(nowMs + lifetimeMs),
    status: input.status ?? 'ACTIVE',
    owner: input.owner,
  };
}

function toChanged(before: AgentRecord, input: AgentUpdate, { nowMs }: Settings): AgentRecord {
  const { description, defaultEndpoint, deprecation, ...kept } = before;
  const status = input.status ?? before.status;
  const endpoints = input.endpoints?.map((endpoint) => toEndpoint(endpoint, nowMs)) ?? before.endpoints;
  const newDescription = input.description === undefined ? description : input.description;
  const newDefault = input.defaultEndpoint === undefined ? defaultEndpoint : input.defaultEndpoint;
  return {
    ...kept,
    name: input.name ?? before.name,
    publicKey: input.publicKey ?? before.publicKey,
    certificateId: input.certificateId ?? before.certificateId,
    endpoints,
    ...withDefault(endpoints, newDefault),
    capabilities: input.capabilities === undefined ? before.capabilities : toCapabilities(input.capabilities),
    version: input.version ?? before.version,
    ...(newDescription === undefined || newDescription === null ? {} : { description: newDescription }),
    metadata: input.metadata ?? before.metadata,
    createdAt: input.createdAt ?? before.createdAt,
    updatedAt: nextUpdate(before, nowMs),
    expiresAt: input.expiresAt ?? before.expiresAt,
    status,
    owner: input.owner ?? before.owner,
    ...(deprecation === undefined || status === 'ACTIVE' ? {} : { deprecation }),
  };
}

/** Returns the default endpoint with all its fields, or none when it is not one of the agent's endpoints. */
function withDefault(
  endpoints: readonly Endpoint[],
  reference: EndpointReference | null | undefined,
): { defaultEndpoint?: Endpoint } {
  if (reference === undefined || reference === null) return {};
  const found = endpoints.find(({ id }) => id === idOf(reference));
  return found === undefined ? {} : { defaultEndpoint: found };
}

function toCapabilities(names: readonly string[]): string[] {
  return [...new Set(names)].sort(compareCodePoints);
}

/** Returns the stored endpoint. Without health, its status is UNKNOWN and its last check is now. */
function toEndpoint({ id, protocol, address, port, health, metadata }: EndpointInput, nowMs: number): Endpoint {
  return {
    id: id ?? '',
    protocol,
    address,
    port,
    health: {
      status: health?.status ?? 'UNKNOWN',
      lastChecked: health?.lastChecked ?? new Date(nowMs),
      ...(health?.message === undefined ? {} : { message: health.message }),
    },
    ...(metadata === undefined ? {} : { metadata }),
  };
}

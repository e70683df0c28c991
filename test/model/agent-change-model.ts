import type {
  AgentRecord,
  AgentStatus,
  ChangeOptions,
  EndpointHealthInput,
  Metadata,
  TransferOptions,
} from '../../src';
import { isStale, nextUpdate, updateAgent } from './agent-model';
import { answers, fails, leaves, withAgents, type Directory, type Prediction, type Settings } from './prediction';

/** Predicts `agents.setStatus`. A change from REVOKED to REVOKED returns `true` and changes nothing. */
export function setStatus(
  directory: Directory,
  settings: Settings,
  id: string,
  status: AgentStatus,
  { ifUpdatedAt }: ChangeOptions,
): Prediction {
  const before = directory.agents.get(id);
  if (before?.status !== 'REVOKED' || status !== 'REVOKED') {
    return updateAgent(directory, settings, { id, status }, { ifUpdatedAt });
  }
  return isStale(before, ifUpdatedAt) ? fails(directory, 'CONFLICT') : answers(directory, true);
}

/** Predicts `agents.mergeMetadata`, a shallow merge in which `null` is a value. */
export function mergeMetadata(
  directory: Directory,
  settings: Settings,
  id: string,
  metadata: Metadata,
  options: ChangeOptions,
): Prediction {
  const before = directory.agents.get(id)?.metadata ?? {};
  return updateAgent(directory, settings, { id, metadata: { ...before, ...metadata } }, options);
}

/**
 * Predicts `agents.setEndpointHealth`: `false` when the agent or the endpoint does not exist. `updatedAt` does not
 * change.
 */
export function setEndpointHealth(
  directory: Directory,
  { nowMs }: Settings,
  id: string,
  endpointId: string,
  health: EndpointHealthInput,
): Prediction {
  if (endpointId === '') return fails(directory, 'INVALID_INPUT');
  const before = directory.agents.get(id);
  if (before?.endpoints.some((endpoint) => endpoint.id === endpointId) !== true) return answers(directory, false);
  const { status, lastChecked = new Date(nowMs), message } = health;
  const found = { status, lastChecked, ...(message === undefined ? {} : { message }) };
  const changed = <T extends { id: string }>(endpoint: T): T =>
    endpoint.id === endpointId ? { ...endpoint, health: found } : endpoint;
  const { defaultEndpoint } = before;
  const after: AgentRecord = {
    ...before,
    endpoints: before.endpoints.map(changed),
    ...(defaultEndpoint === undefined ? {} : { defaultEndpoint: changed(defaultEndpoint) }),
  };
  return leaves(withAgents(directory, [after], 'UPDATED', nowMs), true);
}

/** Predicts `agents.renew`, which makes an EXPIRED agent ACTIVE again. REVOKED is final. */
export function renew(
  directory: Directory,
  settings: Settings,
  id: string,
  expiresAt: Date,
  { ifUpdatedAt }: ChangeOptions,
): Prediction {
  const before = directory.agents.get(id);
  if (before?.status === 'REVOKED') {
    return fails(directory, 'INVALID_TRANSITION', ...(isStale(before, ifUpdatedAt) ? (['CONFLICT'] as const) : []));
  }
  const status = before?.status === 'EXPIRED' ? { status: 'ACTIVE' as const } : {};
  return updateAgent(directory, settings, { id, expiresAt, ...status }, { ifUpdatedAt });
}

/** Predicts `agents.transfer`. A transfer to the present owner returns `true` and changes nothing. */
export function transfer(
  directory: Directory,
  settings: Settings,
  id: string,
  { to, ifOwner }: TransferOptions,
): Prediction {
  if (to === '' || ifOwner === '') return fails(directory, 'INVALID_INPUT');
  const before = directory.agents.get(id);
  if (before !== undefined && ifOwner !== undefined && before.owner !== ifOwner) return fails(directory, 'CONFLICT');
  return before?.owner === to ? answers(directory, true) : updateAgent(directory, settings, { id, owner: to });
}

/** Predicts `agents.expireDue`, which changes ACTIVE and DEPRECATED agents whose `expiresAt` has been reached. */
export function expireDueAgents(directory: Directory, { nowMs }: Settings): Prediction {
  const due = [...directory.agents.values()].filter(
    ({ status, expiresAt }) => ['ACTIVE', 'DEPRECATED'].includes(status) && expiresAt.getTime() <= nowMs,
  );
  const expired = due.map((agent) => ({ ...agent, status: 'EXPIRED' as const, updatedAt: nextUpdate(agent, nowMs) }));
  return leaves(withAgents(directory, expired, 'UPDATED', nowMs), due.length);
}

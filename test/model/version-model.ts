import semver from 'semver';
import type { AgentRecord, AgentVersion, DeprecateOptions, VersionsRequest } from '../../src';
import { isStale, nextUpdate } from './agent-model';
import { answers, fails, leaves, withAgents, type Directory, type Prediction, type Settings } from './prediction';
import { compareCodePoints } from './text';

/** Predicts `agents.deprecate`, which replaces an earlier deprecation. */
export function deprecate(
  directory: Directory,
  { nowMs }: Settings,
  id: string,
  { reason, successorId, ifUpdatedAt }: DeprecateOptions,
): Prediction {
  if (successorId === '' || successorId === id) return fails(directory, 'INVALID_INPUT');
  const before = directory.agents.get(id);
  if (before === undefined) return answers(directory, false);
  if (isStale(before, ifUpdatedAt)) return fails(directory, 'CONFLICT');
  if (!['ACTIVE', 'DEPRECATED'].includes(before.status)) return fails(directory, 'INVALID_TRANSITION');
  if (successorId !== undefined && !directory.agents.has(successorId)) return fails(directory, 'REFERENCE_NOT_FOUND');
  const deprecation = {
    at: new Date(nowMs),
    ...(reason === undefined ? {} : { reason }),
    ...(successorId === undefined ? {} : { successorId }),
  };
  const after = { ...before, status: 'DEPRECATED' as const, updatedAt: nextUpdate(before, nowMs), deprecation };
  return leaves(withAgents(directory, [after], 'UPDATED', nowMs), true);
}

/** Predicts `agents.versions`: the highest version first, versions that are not semantic last; ties by id. */
export function versions(directory: Directory, { maxResults }: Settings, { name, owner }: VersionsRequest): Prediction {
  if (name === '' || owner === '') return fails(directory, 'INVALID_INPUT');
  const found = [...directory.agents.values()].filter(
    (agent) => agent.name === name && (owner === undefined || agent.owner === owner),
  );
  if (found.length > maxResults) return fails(directory, 'RESULT_TOO_LARGE');
  const kind = ({ version }: AgentRecord): number => Number(semver.valid(version) === null);
  found.sort(
    (first, second) =>
      kind(first) - kind(second) ||
      compareVersions(second.version, first.version) ||
      compareCodePoints(first.id, second.id),
  );
  return answers(directory, found.map(toVersion));
}

function toVersion({ id, owner, version, status, createdAt, deprecation }: AgentRecord): AgentVersion {
  return { id, owner, version, status, createdAt, ...(deprecation === undefined ? {} : { deprecation }) };
}

/** Reports whether an agent is usable: ACTIVE, not expired, and with a VALID certificate within its validity. */
export function isUsable(agent: AgentRecord, { certificates }: Directory, nowMs: number, allowsDeprecated = false) {
  const certificate = certificates.get(agent.certificateId);
  return (
    (agent.status === 'ACTIVE' || (allowsDeprecated && agent.status === 'DEPRECATED')) &&
    nowMs < agent.expiresAt.getTime() &&
    certificate?.status === 'VALID' &&
    certificate.notBefore.getTime() <= nowMs &&
    nowMs < certificate.notAfter.getTime()
  );
}

/** Reports whether an agent is the best usable one of its owner and name. */
export function isLatest(agent: AgentRecord, directory: Directory, nowMs: number): boolean {
  const [best] = [...directory.agents.values()]
    .filter(({ name, owner }) => name === agent.name && owner === agent.owner)
    .filter((candidate) => isUsable(candidate, directory, nowMs))
    .sort((first, second) => preference(first, second, true));
  return best?.id === agent.id;
}

/** Compares usable agents, the best one first. Without a requested version, a release comes before a prerelease. */
export function preference(first: AgentRecord, second: AgentRecord, isAnyVersion: boolean): number {
  const deprecation = Number(first.status === 'DEPRECATED') - Number(second.status === 'DEPRECATED');
  const kind = (agent: AgentRecord): number => {
    if (semver.valid(agent.version) === null) return 2;
    return isAnyVersion && semver.prerelease(agent.version) !== null ? 1 : 0;
  };
  return (
    deprecation ||
    kind(first) - kind(second) ||
    compareVersions(second.version, first.version) ||
    second.updatedAt.getTime() - first.updatedAt.getTime() ||
    compareCodePoints(first.id, second.id)
  );
}

/** Compares semantic versions; returns 0 when one of them is not semantic. */
export function compareVersions(first: string, second: string): number {
  return semver.valid(first) !== null && semver.valid(second) !== null ? semver.compare(first, second) : 0;
}

import semver from 'semver';
import type { AgentRecord, ResolutionQuery } from '../../src';
import type { Directory, Prediction, Settings } from './prediction';
import { bareFingerprint, compareCodePoints, fold, holdsAll } from './text';
import { isLatest } from './version-model';
import { windowed } from './window-model';

/** Predicts `queryAgents`: the matching agents in the requested order. */
export function searchAgents(directory: Directory, query: ResolutionQuery, settings: Settings): Prediction {
  return windowed(directory, findAgents(directory, query, settings), query, settings.maxResults);
}

/** Returns all matching agents; ignores `limit` and `offset`. */
export function findAgents(directory: Directory, query: ResolutionQuery, { nowMs }: Settings): AgentRecord[] {
  if (matchesNothing(query)) return [];
  const agents = [...directory.agents.values()].filter((agent) => isMatch(agent, query, directory, nowMs));
  return agents.sort(orderOf(query));
}

/** Reports whether a query matches nothing because a filter is an empty text or an empty array. */
export function matchesNothing(query: object): boolean {
  return Object.values(query).some((value: unknown) => value === '' || (Array.isArray(value) && value.length === 0));
}

function isMatch(agent: AgentRecord, query: ResolutionQuery, directory: Directory, nowMs: number): boolean {
  const { id, ids, name, exactName, owner, status, metadata, version } = query;
  const { expiresBefore, expiresAfter, includeExpired = true, latest } = query;
  const isPresent = agent.expiresAt.getTime() > nowMs && agent.status !== 'EXPIRED';
  return (
    (id === undefined || agent.id === id) &&
    (ids === undefined || ids.includes(agent.id)) &&
    (name === undefined || fold(agent.name).includes(fold(name))) &&
    (exactName === undefined || agent.name === exactName) &&
    (owner === undefined || agent.owner === owner) &&
    (status === undefined || status.includes(agent.status)) &&
    (metadata === undefined || holdsAll(agent.metadata, metadata)) &&
    (version === undefined || agent.version === version || satisfies(agent.version, version)) &&
    (expiresBefore === undefined || agent.expiresAt < expiresBefore) &&
    (expiresAfter === undefined || agent.expiresAt > expiresAfter) &&
    (includeExpired || isPresent) &&
    (latest === undefined || isLatest(agent, directory, nowMs)) &&
    hasFingerprint(agent, query, directory) &&
    hasCapabilities(agent, query) &&
    hasEndpoint(agent, query)
  );
}

function satisfies(version: string, range: string): boolean {
  return semver.validRange(range) !== null && semver.satisfies(version, range);
}

function hasFingerprint(agent: AgentRecord, { fingerprint }: ResolutionQuery, { certificates }: Directory): boolean {
  if (fingerprint === undefined) return true;
  return bareFingerprint(certificates.get(agent.certificateId)?.fingerprint ?? '') === bareFingerprint(fingerprint);
}

function hasCapabilities(agent: AgentRecord, { capabilities, allCapabilities }: ResolutionQuery): boolean {
  if (capabilities === undefined) return true;
  const has = (name: string): boolean => agent.capabilities.includes(name);
  return allCapabilities === true ? capabilities.every(has) : capabilities.some(has);
}

/** Reports whether an endpoint matches the filters. When both filters are given, the same endpoint must match both. */
function hasEndpoint(agent: AgentRecord, { protocol, health }: ResolutionQuery): boolean {
  if (protocol === undefined && health === undefined) return true;
  return agent.endpoints.some(
    (endpoint) =>
      (protocol === undefined || endpoint.protocol === protocol) &&
      (health === undefined || health.includes(endpoint.health.status)),
  );
}

type Order = (first: AgentRecord, second: AgentRecord) => number;

/** Returns the order of a query, by default `updatedAt` descending. Ties are broken by id, ascending. */
function orderOf({ orderBy, orderDirection }: ResolutionQuery): Order {
  const sign = (orderDirection ?? (orderBy === undefined ? 'desc' : 'asc')) === 'asc' ? 1 : -1;
  const compare = comparisons[orderBy ?? 'updatedAt'];
  const byVersion = orderBy === 'version';
  return (first, second) => {
    const unversioned = byVersion ? Number(!isSemantic(first)) - Number(!isSemantic(second)) : 0;
    return unversioned || sign * compare(first, second) || compareCodePoints(first.id, second.id);
  };
}

const isSemantic = ({ version }: AgentRecord): boolean => semver.valid(version) !== null;
const byTime = (field: 'createdAt' | 'updatedAt' | 'expiresAt'): Order => {
  return (first, second) => first[field].getTime() - second[field].getTime();
};
const byText = (field: 'id' | 'name' | 'owner' | 'status'): Order => {
  return (first, second) => compareCodePoints(first[field], second[field]);
};

const comparisons: Readonly<Record<NonNullable<ResolutionQuery['orderBy']>, Order>> = {
  id: byText('id'),
  name: byText('name'),
  owner: byText('owner'),
  status: byText('status'),
  version: (first, second) => {
    return isSemantic(first) && isSemantic(second) ? semver.compare(first.version, second.version) : 0;
  },
  createdAt: byTime('createdAt'),
  updatedAt: byTime('updatedAt'),
  expiresAt: byTime('expiresAt'),
  created_at: byTime('createdAt'),
  updated_at: byTime('updatedAt'),
  expires_at: byTime('expiresAt'),
};

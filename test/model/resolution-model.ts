import semver from 'semver';
import type { AgentRecord, ResolutionQuery } from '../../src';
import type { Directory, Prediction, Settings } from './prediction';
import { bareFingerprint, compareCodePoints, fold, holdsAll } from './text';
import { isLatest } from './version-model';
import { windowed } from './window-model';

/** Predicts `queryAgents`: the matching agents in the requested order. */
export function searchAgents(directory: Directory, settings: Settings, query: ResolutionQuery): Prediction {
  return windowed(directory, findAgents(directory, settings, query), query, settings.maxResults);
}

/** Returns all matching agents; ignores `limit` and `offset`. */
export function findAgents(directory: Directory, { nowMs }: Settings, query: ResolutionQuery): AgentRecord[] {
  if (matchesNothing(query)) return [];
  const agents = [...directory.agents.values()].filter((agent) => isMatch(agent, query, directory, nowMs));
  return agents.sort(orderOf(query));
}

/** Reports whether a query matches nothing because a filter is an empty text or an empty array. */
export function matchesNothing(query: object): boolean {
  return Object.values(query).some((value: unknown) => value === '' || (Array.isArray(value) && value.length === 0));
}

function isMatch(agent: AgentRecord, query: ResolutionQuery, directory: Directory, nowMs: number): boolean {
  const { id, ids, name, exactName, names, owner, owners, status, metadata, version } = query;
  const { includeExpired = true, latest } = query;
  const isPresent = agent.expiresAt.getTime() > nowMs && agent.status !== 'EXPIRED';
  return (
    (id === undefined || agent.id === id) &&
    (ids === undefined || ids.includes(agent.id)) &&
    (name === undefined || fold(agent.name).includes(fold(name))) &&
    (exactName === undefined || agent.name === exactName) &&
    (names === undefined || names.includes(agent.name)) &&
    (owner === undefined || agent.owner === owner) &&
    (owners === undefined || owners.includes(agent.owner)) &&
    (status === undefined || status.includes(agent.status)) &&
    (metadata === undefined || holdsAll(agent.metadata, metadata)) &&
    (version === undefined || agent.version === version || satisfies(agent.version, version)) &&
    isBetween(agent.createdAt, query.createdAfter, query.createdBefore) &&
    isBetween(agent.updatedAt, query.updatedAfter, query.updatedBefore) &&
    isBetween(agent.expiresAt, query.expiresAfter, query.expiresBefore) &&
    (includeExpired || isPresent) &&
    (latest === undefined || isLatest(agent, directory, nowMs)) &&
    hasCertificate(agent, query, directory) &&
    hasCapabilities(agent, query) &&
    hasEndpoint(agent, query) &&
    !isExcluded(agent, query, directory, nowMs)
  );
}

function satisfies(version: string, range: string): boolean {
  return semver.validRange(range) !== null && semver.satisfies(version, range);
}

function isExcluded(agent: AgentRecord, { not }: ResolutionQuery, directory: Directory, nowMs: number): boolean {
  return not !== undefined && !matchesNothing(not) && isMatch(agent, not, directory, nowMs);
}

function isBetween(time: Date, after: Date | undefined, before: Date | undefined): boolean {
  return (after === undefined || time > after) && (before === undefined || time < before);
}

function hasCertificate(agent: AgentRecord, query: ResolutionQuery, { certificates }: Directory): boolean {
  const { fingerprint, certificateStatus } = query;
  const certificate = certificates.get(agent.certificateId);
  const isOfFingerprint = (text: string): boolean =>
    bareFingerprint(certificate?.fingerprint ?? '') === bareFingerprint(text);
  return (
    (fingerprint === undefined || isOfFingerprint(fingerprint)) &&
    (certificateStatus === undefined || certificateStatus.some((status) => status === certificate?.status))
  );
}

function hasCapabilities(agent: AgentRecord, { capabilities, allCapabilities }: ResolutionQuery): boolean {
  if (capabilities === undefined) return true;
  const has = (name: string): boolean => agent.capabilities.includes(name);
  return allCapabilities === true ? capabilities.every(has) : capabilities.some(has);
}

/** Reports whether an endpoint matches the filters. The same endpoint must match all that are given. */
function hasEndpoint(agent: AgentRecord, query: ResolutionQuery): boolean {
  const { hasEndpoint: isWanted, protocol, address, health } = query;
  if (isWanted !== undefined && agent.endpoints.length > 0 !== isWanted) return false;
  if (protocol === undefined && address === undefined && health === undefined) return true;
  return agent.endpoints.some(
    (endpoint) =>
      (protocol === undefined || endpoint.protocol === protocol) &&
      (address === undefined || endpoint.address === address) &&
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

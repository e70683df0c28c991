import semver from 'semver';
import type { AgentRecord, Endpoint, ResolveByName, ResolveResult } from '../../src';
import { answers, fails, type Directory, type Prediction, type Settings } from './prediction';
import { matchesNothing } from './resolution-model';
import { compareCodePoints } from './text';
import { compareVersions, isUsable, preference } from './version-model';

export function resolve(directory: Directory, { nowMs }: Settings, request: ResolveByName): Prediction {
  if (isInvalid(request)) return fails(directory, 'INVALID_INPUT');
  return answers(directory, resultOf(directory, request, nowMs));
}

/** Predicts `resolveMany`. */
export function resolveMany(directory: Directory, { nowMs }: Settings, requests: readonly ResolveByName[]): Prediction {
  if (requests.some(isInvalid)) return fails(directory, 'INVALID_INPUT');
  return answers(
    directory,
    requests.map((request) => resultOf(directory, request, nowMs)),
  );
}

/** Reports whether a text or a list of the request is empty. */
function isInvalid(request: ResolveByName): boolean {
  return matchesNothing(request) || (request.capabilities?.includes('') ?? false);
}

function resultOf(directory: Directory, request: ResolveByName, nowMs: number): ResolveResult {
  const { owner, version, protocol, allowUnhealthy = false } = request;
  const usable = [...directory.agents.values()].filter((agent) => isCandidate(agent, request, directory, nowMs));
  const own = usable.filter((agent) => owner === undefined || agent.owner === owner);
  if (own.length === 0) return { outcome: 'not-found' };
  const owners = [...new Set(own.map((agent) => agent.owner))].sort(compareCodePoints);
  if (owners.length > 1) return { outcome: 'ambiguous', owners };
  const accepted = own.filter((agent) => version === undefined || isVersion(agent.version, version));
  if (accepted.length === 0) return { outcome: 'no-version', versions: versionsOf(own) };
  const candidates = accepted.flatMap((agent) => {
    const endpoint = bestEndpoint(agent, protocol, allowUnhealthy);
    const needsNone = protocol === undefined && agent.endpoints.length === 0;
    return endpoint === undefined && !needsNone ? [] : [{ agent, endpoint }];
  });
  candidates.sort((first, second) => preference(first.agent, second.agent, version === undefined));
  const [best] = candidates;
  const certificate = directory.certificates.get(best?.agent.certificateId ?? '');
  // Every agent has a certificate.
  if (best === undefined || certificate === undefined)
    return { outcome: 'no-endpoint', versions: versionsOf(accepted) };
  const endMs = Math.min(best.agent.expiresAt.getTime(), certificate.notAfter.getTime());
  const ttlSeconds = Math.min(300, Math.floor((endMs - nowMs) / 1000));
  const endpoint = best.endpoint === undefined ? {} : { endpoint: best.endpoint };
  return { outcome: 'resolved', agent: best.agent, certificate, ...endpoint, ttlSeconds };
}

function isCandidate(agent: AgentRecord, request: ResolveByName, directory: Directory, nowMs: number): boolean {
  const { name, capabilities = [], allowDeprecated } = request;
  return (
    agent.name === name &&
    capabilities.every((capability) => agent.capabilities.includes(capability)) &&
    isUsable(agent, directory, nowMs, allowDeprecated)
  );
}

function isVersion(version: string, wanted: string): boolean {
  return version === wanted || (semver.validRange(wanted) !== null && semver.satisfies(version, wanted));
}

const healthOrder = ['HEALTHY', 'DEGRADED', 'UNKNOWN', 'UNHEALTHY'];

function bestEndpoint(
  agent: AgentRecord,
  protocol: string | undefined,
  allowsUnhealthy: boolean,
): Endpoint | undefined {
  const rank = (endpoint: Endpoint): number => healthOrder.indexOf(endpoint.health.status);
  return agent.endpoints
    .filter((endpoint) => protocol === undefined || endpoint.protocol === protocol)
    .filter((endpoint) => allowsUnhealthy || endpoint.health.status !== 'UNHEALTHY')
    .sort((first, second) => rank(first) - rank(second))[0];
}

/** Returns the distinct versions, the highest first; those that are not semantic come last. */
function versionsOf(agents: readonly AgentRecord[]): string[] {
  const isOther = (version: string): number => Number(semver.valid(version) === null);
  return [...new Set(agents.map(({ version }) => version))].sort(
    (first, second) =>
      isOther(first) - isOther(second) || compareVersions(second, first) || compareCodePoints(first, second),
  );
}

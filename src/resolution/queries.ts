import { agentColumnCount } from '../agents/columns';
import { withOwnSuccessors } from '../agents/own-successors';
import { toAgentRecord } from '../agents/rows';
import type { Endpoint, HealthStatus } from '../agents/types';
import { withoutSuccessor } from '../certificates/queries';
import { toCertificate } from '../certificates/rows';
import type { ServiceSettings } from '../options/service-settings';
import { mapYielding } from '../runtime/event-loop';
import type { Unchecked } from '../sql/model';
import { withBounds, type Row } from '../sql/statement';
import { storedJson, storedText } from '../sql/stored';
import type { Executor } from '../storage/executor';
import { answerBounds } from '../validation/limits';
import { buildResolution } from './statement';
import type { ResolveResult } from './types';
import type { ResolveTarget } from './validation';

/** Maximum number of seconds for which a client may cache the answer of `resolve`. */
const maxTtlSeconds = 300;

/** Ranks of endpoints by their health status; 0 is the best. */
const healthRanks: Readonly<Record<HealthStatus, number>> = { HEALTHY: 0, DEGRADED: 1, UNKNOWN: 2, UNHEALTHY: 3 };

/** Resolves the requests of one `resolve` call in one snapshot. Returns the results in the order of the requests. */
export async function resolveTargets(
  executor: Executor,
  targets: readonly ResolveTarget[],
  { now, checks }: ServiceSettings,
): Promise<ResolveResult[]> {
  const [first] = targets;
  if (first === undefined) return [];
  const nowMs = now();
  const composed = buildResolution(executor.dialect, targets, nowMs);
  // A result without bounds is faster to read on SQLite. The answer to one request with an owner is small enough for
  // this: it has one agent with its certificate, or at most 100 versions.
  const isSmall = targets.length === 1 && first.owner !== undefined;
  const statement = isSmall ? composed : withBounds(answerBounds(checks.limits), composed);
  const rows = await executor.query(statement);
  // Each request has exactly one row.
  const results = await mapYielding(rows, (row, index) => toResult(row, targets[index] ?? first, nowMs));
  if (checks.scopeOwner === undefined) return results;
  return withinScope(executor, results, checks.scopeOwner);
}

// Removes what another owner may have: the ids of successor agents with another owner, and the id of the certificate's
// successor.
async function withinScope(
  executor: Executor,
  results: readonly ResolveResult[],
  scopeOwner: string,
): Promise<ResolveResult[]> {
  const agents = await withOwnSuccessors(
    executor,
    results.map((result) => (result.outcome === 'resolved' ? result.agent : null)),
    scopeOwner,
  );
  return results.map((result, index) => {
    const agent = agents[index];
    if (result.outcome !== 'resolved' || agent === null || agent === undefined) return result;
    return { ...result, agent, certificate: withoutSuccessor(result.certificate) };
  });
}

function toResult(row: Row, target: ResolveTarget, nowMs: number): ResolveResult {
  const [owners, versions, acceptedVersions] = row;
  const agentStart = 3;
  const certificateStart = agentStart + agentColumnCount;
  const agentRow = row.slice(agentStart, certificateStart);
  const ownersOfAll = textsOf(owners, 'owner');
  if (ownersOfAll.length > 1) return { outcome: 'ambiguous', owners: ownersOfAll };
  if (agentRow[0] !== null) return toResolved(agentRow, row.slice(certificateStart), target, nowMs);
  const accepted = textsOf(acceptedVersions, 'version');
  if (accepted.length > 0) return { outcome: 'no-endpoint', versions: accepted };
  const usable = textsOf(versions, 'version');
  return usable.length > 0 ? { outcome: 'no-version', versions: usable } : { outcome: 'not-found' };
}

function toResolved(agentRow: Row, certificateRow: Row, target: ResolveTarget, nowMs: number): ResolveResult {
  const agent = toAgentRecord(agentRow);
  const certificate = toCertificate(certificateRow);
  const endpoint = bestEndpoint(agent.endpoints, target);
  const endMs = Math.min(agent.expiresAt.getTime(), certificate.notAfter.getTime());
  const ttlSeconds = Math.min(maxTtlSeconds, Math.floor((endMs - nowMs) / 1000));
  return { outcome: 'resolved', agent, certificate, ...(endpoint && { endpoint }), ttlSeconds };
}

// Returns an endpoint that the request accepts: the one with the best health, and the first of several such endpoints.
// Returns undefined when the request accepts no endpoint of the agent.
function bestEndpoint(endpoints: readonly Endpoint[], target: ResolveTarget): Endpoint | undefined {
  const { protocol, allowsUnhealthy } = target;
  let best: Endpoint | undefined;
  for (const endpoint of endpoints) {
    if (protocol !== undefined && endpoint.protocol !== protocol) continue;
    const rank = healthRanks[endpoint.health.status];
    if (rank === healthRanks.UNHEALTHY && !allowsUnhealthy) continue;
    if (best === undefined || rank < healthRanks[best.health.status]) best = endpoint;
  }
  return best;
}

// Returns the texts of a JSON array that the database has built; an empty array for null.
function textsOf(json: unknown, field: 'owner' | 'version'): string[] {
  if (typeof json !== 'string') return [];
  // The cast is safe: the SQL builds this JSON text as an array of texts.
  const values = storedJson(json, 'agent', undefined, field) as unknown[];
  return values.map((value) => storedText(value as Unchecked<string>, 'agent', undefined, field));
}

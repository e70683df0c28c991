import { maxLockAttempts, protectedRow } from '../errors/failure';
import { batchLength, batchSize } from '../runtime/batches';
import { shouldYield, yieldToEventLoop } from '../runtime/event-loop';
import { sortByCodePoint } from '../sql/code-point-order';
import type { Row } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { agentChange } from './commands';
import type { HealthReportRow } from './endpoint-validation';
import { healthStatements } from './health-statements';

/** Endpoint that the reports of a `recordHealth` call are about. */
interface ReportedEndpoint {
  /** Report to store: the one with the latest time. Of several reports with this time, the last one. */
  newest: HealthReportRow;
  exists: boolean;
}

/** Ids of the agents whose endpoints the call changes. `byTime` has agents of endpoints with an unchanged status. */
interface ChangedAgents {
  /** Ids of the agents that have an endpoint whose status changes. */
  readonly byStatus: Set<string>;
  readonly byTime: Set<string>;
}

/**
 * Stores the reported health of endpoints. Adds an entry to the change feed for each agent with a changed endpoint
 * status. Ignores a report that is older than the stored health. Of several reports about an endpoint, stores the one
 * with the latest time. Of several reports with the same latest time, stores the last one in the list.
 *
 * @param scopeOwner - when given, agents of another owner count as absent.
 * @returns for each report, in order: true when the endpoint exists
 */
export async function recordHealth(
  tx: Transaction,
  reports: readonly HealthReportRow[],
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<boolean[]> {
  const { endpoints, ordered } = await groupByEndpoint(reports);
  const changed: ChangedAgents = { byStatus: new Set(), byTime: new Set() };
  // Processes the batches in the order of the ids, and locks the rows of each batch in this order, which prevents
  // deadlocks.
  for (const batch of toBatches(ordered)) await recordBatch(tx, batch, changed, scopeOwner);
  tx.recordChange(agentChange('UPDATED', [...changed.byStatus], nowMs));
  // Only the time or the message of these agents' endpoints has changed. Evicts the agents from the record cache of this
  // process, but adds no entry to the change feed: its readers do not need to know about every health check.
  const evicted = [...changed.byTime].filter((id) => !changed.byStatus.has(id));
  tx.recordChange({ ...agentChange('UPDATED', evicted, nowMs), isOutsideFeed: true });
  return endpoints.map(({ exists }) => exists);
}

async function recordBatch(
  tx: Transaction,
  batch: readonly ReportedEndpoint[],
  { byStatus, byTime }: ChangedAgents,
  scopeOwner: string | undefined,
): Promise<void> {
  const due: unknown[][] = [];
  for (const [position, storedStatus, storedTime] of await lockBatch(tx, batch, scopeOwner)) {
    const endpoint = batch[Number(position)];
    if (endpoint === undefined) continue;
    endpoint.exists = true;
    const { agentId, endpointId, health } = endpoint.newest;
    const { status, lastChecked, message } = health;
    if (Number(storedTime) > lastChecked) continue;
    due.push([agentId, endpointId, status, lastChecked, message]);
    (storedStatus === status ? byTime : byStatus).add(agentId);
  }
  if (due.length === 0) return;
  const { update } = healthStatements(tx.dialect);
  // A row security policy may let the database role lock an endpoint but not change it. Then UPDATE reports no error.
  if ((await tx.execute(update({ health: JSON.stringify(due) }))) < due.length) throw protectedRow();
}

/**
 * Locks the existing endpoints of a batch, and their agents, until the end of the transaction. Returns the rows of
 * `HealthStatements.select`.
 *
 * While PostgreSQL waits for a lock, another transaction may delete the agent and register the id again. The locking
 * statement does not find the new row, so the function tries again.
 */
async function lockBatch(
  tx: Transaction,
  batch: readonly ReportedEndpoint[],
  scopeOwner: string | undefined,
): Promise<readonly Row[]> {
  const keys = JSON.stringify(batch.map(({ newest }, position) => [position, newest.agentId, newest.endpointId]));
  const statements = healthStatements(tx.dialect);
  const select = statements.select({ keys }, scopeOwner);
  const selectLocked = statements.selectLocked?.({ keys }, scopeOwner);
  if (selectLocked === undefined) return tx.query(select);
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    const locked = await tx.query(selectLocked);
    if (locked.length === batch.length || (await tx.query(select)).length <= locked.length) return locked;
  }
  throw protectedRow();
}

/**
 * Returns the endpoint of each report, and a list of these endpoints without duplicates. The list is ordered by the ids
 * of the agents, then by the ids of the endpoints.
 */
async function groupByEndpoint(reports: readonly HealthReportRow[]) {
  const agents = new Map<string, Map<string, ReportedEndpoint>>();
  const endpoints: ReportedEndpoint[] = [];
  for (const report of reports) {
    if (shouldYield()) await yieldToEventLoop();
    const { agentId, endpointId, health } = report;
    const agent = agents.get(agentId) ?? new Map<string, ReportedEndpoint>();
    const endpoint = agent.get(endpointId) ?? { newest: report, exists: false };
    if (endpoint.newest.health.lastChecked <= health.lastChecked) endpoint.newest = report;
    agents.set(agentId, agent.set(endpointId, endpoint));
    endpoints.push(endpoint);
  }
  return { endpoints, ordered: valuesByKey(agents).flatMap(valuesByKey) };
}

/** Returns the values of a map, ordered by the code points of the keys. */
function valuesByKey<T>(map: ReadonlyMap<string, T>): T[] {
  return sortByCodePoint([...map.keys()]).flatMap((key) => map.get(key) ?? []);
}

function* toBatches(endpoints: readonly ReportedEndpoint[]): Generator<readonly ReportedEndpoint[]> {
  for (let start = 0, end = 0; start < endpoints.length; start = end) {
    for (let length = 0; end < endpoints.length && end - start < batchSize && length < batchLength; end += 1) {
      length += endpoints[end]?.newest.health.message?.length ?? 0;
    }
    yield endpoints.slice(start, end);
  }
}

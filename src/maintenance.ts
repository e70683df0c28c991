import { expireAllDueAgents } from './agents/expire-due';
import { expireAllDueCertificates } from './certificates/expire-due';
import { pruneChanges } from './changes/prune';
import { pruneAllEvents } from './events/chain/prune';
import { trySequencePending } from './events/chain/sequence';
import { pruneSize } from './events/options';
import type { Engine } from './storage/engine';
import type { Executor } from './storage/executor';
import type { MaintenanceReport } from './maintenance-types';
import { checkAnyTime, checkBoolean, checkObject, checkTime, ifDefined } from './validation/checks';

const taskNames = new Set(['expire', 'pruneChanges', 'pruneEvents', 'checkpoint', 'optimize'] as const);
const pruneNames = new Set(['before'] as const);

/** Validated tasks of `db.maintain`. */
type Tasks = ReturnType<typeof parseMaintenance>;

/**
 * Parses the options of `db.maintain`.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function parseMaintenance(input: unknown) {
  const { expire, pruneChanges, pruneEvents, checkpoint, optimize } = checkObject(input, 'options', taskNames);
  return {
    mustExpire: ifDefined(expire, 'expire', checkBoolean) ?? false,
    changesBefore: ifDefined(pruneChanges, 'pruneChanges', (value, field) =>
      checkTime(checkObject(value, field, pruneNames).before, `${field}.before`),
    ),
    eventsBefore: ifDefined(pruneEvents, 'pruneEvents', (value, field) =>
      checkAnyTime(checkObject(value, field, pruneNames).before, `${field}.before`),
    ),
    mustCheckpoint: ifDefined(checkpoint, 'checkpoint', checkBoolean) ?? false,
    mustOptimize: ifDefined(optimize, 'optimize', checkBoolean) ?? false,
  };
}

/**
 * Does the tasks of `db.maintain` one after another. The order matters: statistics that are collected after the pruning
 * do not include pruned rows, and the last task, the checkpoint, copies all changes.
 */
export async function maintainDatabase(
  executor: Executor,
  database: Engine,
  { mustExpire, changesBefore, eventsBefore, mustCheckpoint, mustOptimize }: Tasks,
  now: () => number,
): Promise<MaintenanceReport> {
  const agentsExpired = mustExpire ? await expireAllDueAgents(executor, now(), undefined) : 0;
  const certificatesExpired = mustExpire ? await expireAllDueCertificates(executor, now()) : 0;
  const eventsPruned = eventsBefore === undefined ? 0 : await pruneEvents(executor, eventsBefore, now);
  const changesPruned = changesBefore === undefined ? 0 : await pruneChanges(executor, changesBefore);
  const optimized = mustOptimize && (await database.optimize());
  const checkpointed = mustCheckpoint && (await database.checkpoint());
  return { agentsExpired, certificatesExpired, changesPruned, eventsPruned, checkpointed, optimized };
}

async function pruneEvents(executor: Executor, before: number, now: () => number): Promise<number> {
  // Appends the pending entries of the event chain first, because only events in the chain can be pruned.
  await trySequencePending(executor);
  return pruneAllEvents(executor, { before, size: pruneSize }, now);
}

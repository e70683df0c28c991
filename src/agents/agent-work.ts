import { Failure, maxLockTries, protectedRow } from '../errors/failure';
import { inOrder, lastly, look, type ChangeNote, type Row, type Work } from '../sql/statement';
import type { AgentChange, NewAgentRow } from './agent-row';
import { AgentStatements, type EndpointHealthColumns, type Namesake } from './agent-statements';
import { unknownDefaultEndpoint } from './parse-agent';
import type { AgentStatus, Uniqueness } from './types';
import { checkMergedMetadata, type MetadataRow } from '../metadata/metadata-rows';
import type { Limits } from '../options/limits';

/**
 * Registers an agent; gives its id.
 *
 * @param nowMs - the time of the change, whatever the agent says of its own, in milliseconds since 1970.
 * @throws ALREADY_EXISTS where one of its name is in the way of its uniqueness
 */
export function* insertAgent(
  statements: AgentStatements,
  row: NewAgentRow,
  uniqueness: Uniqueness,
  nowMs: number,
): Work<string> {
  const { id, name, version, owner } = row.columns;
  if (uniqueness !== 'none') {
    const turn = statements.takeTurn?.({ turn: JSON.stringify([name, version]) });
    if (turn !== undefined) yield turn;
    const namesake: Namesake = [0, name, version, uniqueness === 'name-version' ? null : owner];
    const { rows } = yield statements.selectNamesakes({ namesakes: JSON.stringify([namesake]) });
    if (rows.length > 0) throw nameTaken();
  }
  yield* lastly(statements.insert(row));
  yield noteOf('CREATED', [id], nowMs);
  return id;
}

/**
 * Changes an agent; gives false when absent.
 *
 * @param ifUpdatedAt - when it has to have been changed last, in milliseconds since 1970; undefined: whenever.
 * @throws CONFLICT, INVALID_TRANSITION; INVALID_INPUT where the default endpoint is none of the agent's
 */
export function* changeAgent(statements: AgentStatements, change: AgentChange, ifUpdatedAt?: number): Work<boolean> {
  const before = yield* readForChange(statements, change, ifUpdatedAt);
  if (before === undefined) return false;
  yield* update(statements, change, before);
  return true;
}

/**
 * Sets the keys of `change.mergedMetadata` and leaves the others. Gives false when absent.
 *
 * @throws as {@link changeAgent}, and INVALID_INPUT where all of the metadata are more than `limits` allow together
 */
export function* mergeMetadata(
  statements: AgentStatements,
  change: AgentChange,
  limits: Limits,
  ifUpdatedAt?: number,
): Work<boolean> {
  const before = yield* readForChange(statements, change, ifUpdatedAt);
  if (before === undefined) return false;
  const { rows } = yield statements.collections.selectMetadata({ id: change.id });
  // The statement selects exactly these columns.
  checkMergedMetadata(rows as readonly MetadataRow[], change.mergedMetadata ?? [], limits);
  yield* update(statements, change, before);
  return true;
}

/** Sets the status of an agent; one that is revoked stays so, which changes nothing. Gives false when absent. */
export function* changeStatus(statements: AgentStatements, change: AgentChange, ifUpdatedAt?: number): Work<boolean> {
  const before = yield* readForChange(statements, change, ifUpdatedAt);
  if (before === undefined) return false;
  if (before.status !== 'REVOKED') yield* update(statements, change, before);
  return true;
}

/** Lets an agent be registered for longer; one that has expired is active again. Gives false when absent. */
export function* renewAgent(statements: AgentStatements, change: AgentChange, ifUpdatedAt?: number): Work<boolean> {
  const before = yield* readForChange(statements, change, ifUpdatedAt);
  if (before === undefined) return false;
  if (before.status === 'REVOKED') throw staysRevoked();
  const columns = before.status === 'EXPIRED' ? { ...change.columns, status: 'ACTIVE' as const } : change.columns;
  yield* update(statements, { ...change, columns }, before);
  return true;
}

/** Deletes an agent; gives false when absent. */
export function* deleteAgent(statements: AgentStatements, id: string, nowMs: number): Work<boolean> {
  if ((yield* hold(statements, id, null)) === undefined) return false;
  // A policy may let the role lock an agent and not delete it, which the server does not report.
  const results = yield* inOrder(statements.delete(id));
  if (results.at(-1)?.changes === 0) throw protectedRow();
  yield noteOf('DELETED', [id], nowMs);
  return true;
}

/** Sets the health of an endpoint; gives false when it is absent. */
export function* changeEndpointHealth(
  statements: AgentStatements,
  health: EndpointHealthColumns,
  nowMs: number,
): Work<boolean> {
  const { agentId, id } = health;
  for (let tries = 0; tries < maxLockTries; tries += 1) {
    const { changes } = yield statements.updateEndpointHealth(health);
    if (changes > 0) {
      yield noteOf('UPDATED', [agentId], nowMs);
      return true;
    }
    const { rows } = yield statements.selectEndpoint({ agentId, id });
    if (rows.length === 0) return false;
  }
  throw protectedRow();
}

/** A note of a change of agents for the feed. */
export function noteOf(kind: ChangeNote['kind'], ids: readonly string[], changedAt: number): ChangeNote {
  return { entity: 'AGENT', kind, ids, changedAt };
}

/** An agent of this name and version is registered already, where there must be one at most. */
export function nameTaken(): Failure {
  return new Failure('ALREADY_EXISTS', 'an agent of this name and version is registered already', {
    entity: 'agent',
    field: 'name',
  });
}

// Keeps others from changing the agent, where they may; the columns of `selectForChange`, undefined where it is absent. Of
// one that was deleted while this waited somebody may have registered the id again, in the very transaction even: that one
// has to be locked, too, or whatever changed it could meet another change half-way. A policy may let the role see an agent and
// not lock it, which would go on for ever.
function* hold(statements: AgentStatements, id: string, endpointId: string | null): Work<Row | undefined> {
  const select = statements.selectForChange({ id, endpointId });
  if (statements.lock === undefined) return (yield select).rows[0];
  for (let tries = 0; tries < maxLockTries; tries += 1) {
    const [locked, found] = yield* look([statements.lock({ id }), select]);
    if (locked?.rows.length !== 0 || found?.rows.length === 0) return found?.rows[0];
  }
  throw protectedRow();
}

/** What of an agent a change goes by. */
interface BeforeChange {
  readonly status: AgentStatus;
  /** In milliseconds since 1970. */
  readonly updatedAt: number;
}

function* update(statements: AgentStatements, change: AgentChange, before: BeforeChange): Work<void> {
  // `ifUpdatedAt` tells two changes within one millisecond apart, and a change after the clock was set back.
  const updatedAt = Math.max(change.columns.updatedAt, before.updatedAt + 1);
  yield* lastly(statements.update({ ...change, columns: { ...change.columns, updatedAt } }));
  yield noteOf('UPDATED', [change.id], change.columns.updatedAt);
}

// Undefined when absent. Nobody else changes the agent until the end of the transaction.
function* readForChange(
  statements: AgentStatements,
  change: AgentChange,
  ifUpdatedAt: number | undefined,
): Work<BeforeChange | undefined> {
  const before = yield* hold(statements, change.id, change.columns.defaultEndpointId ?? null);
  return before === undefined ? undefined : checkChange(change, before, ifUpdatedAt);
}

function checkChange(change: AgentChange, before: Row, ifUpdatedAt: number | undefined): BeforeChange {
  // The columns of `selectForChange`.
  const [status, updatedAt, hasEndpoint] = before as readonly [AgentStatus, number, unknown];
  if (ifUpdatedAt !== undefined && updatedAt !== ifUpdatedAt) {
    throw new Failure('CONFLICT', 'the agent was changed meanwhile', {
      entity: 'agent',
      field: 'updatedAt',
      retryable: true,
    });
  }
  const { status: newStatus, defaultEndpointId } = change.columns;
  if (status === 'REVOKED' && newStatus !== undefined && newStatus !== 'REVOKED') throw staysRevoked();
  const isKnownEndpoint = Boolean(hasEndpoint) || change.collections.endpoints !== undefined;
  if (typeof defaultEndpointId === 'string' && !isKnownEndpoint) throw unknownDefaultEndpoint();
  return { status, updatedAt };
}

function staysRevoked(): Failure {
  return new Failure('INVALID_TRANSITION', 'a revoked agent stays revoked', { entity: 'agent', field: 'status' });
}

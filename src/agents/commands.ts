import { Failure, invalidInput, maxLockTries, protectedRow } from '../errors/failure';
import { certificateRevoked, nameTaken } from '../errors/refused-column';
import { countValues } from '../sql/answer-size';
import { inOrder, lastly, look, type ChangeEntry, type Row, type Work } from '../sql/statement';
import type { ChangeRules, RegistrationRules } from './options';
import type { AgentChange, NewAgentRow } from './new-row';
import type { AgentStatements, EndpointHealthColumns } from './statements';
import type { NamedAgent } from './name-statements';
import { unknownDefaultEndpoint } from './validation';
import type { AgentStatus, Uniqueness } from './types';
import type { Limits } from '../options/limits';
import { toNameKeys } from './unique-key';

/**
 * Registers an agent; returns its id.
 *
 * @param nowMs - time of the change in milliseconds since 1970, independent of the agent's own times.
 * @param isLast - true when the work takes no other lock afterwards. Every work locks names before the chain of events:
 * two works that took them in opposite orders would wait for each other.
 * @throws ALREADY_EXISTS when another agent has or holds the name; INVALID_TRANSITION for a REVOKED certificate.
 */
export function* insertAgent(
  statements: AgentStatements,
  row: NewAgentRow,
  { uniqueness, allowsRevoked }: RegistrationRules,
  nowMs: number,
  isLast = true,
): Work<string> {
  const { id } = row.columns;
  // An agent that holds nothing is inserted without a lookup: all statements go to the server at once.
  if (uniqueness === 'none') {
    const locks = statements.names.lock([{ id, nameKeys: row.nameKeys }], uniqueness);
    yield* isLast ? lastly(locks) : inOrder(locks);
  } else if (yield* isNameTaken(statements, { ...row.columns, nameKeys: row.nameKeys }, uniqueness)) {
    const { rows } = yield statements.selectIds({ ids: JSON.stringify([id]) });
    throw rows.length > 0 ? idTaken() : nameTaken();
  }
  yield* lastly(statements.insert(row, allowsRevoked));
  yield agentChange('CREATED', [id], nowMs);
  return id;
}

/**
 * Changes an agent; returns false when it does not exist.
 *
 * @throws CONFLICT; INVALID_TRANSITION; INVALID_INPUT when the default endpoint does not belong to the agent;
 * ALREADY_EXISTS when another agent holds the new name; REFERENCE_NOT_FOUND for an unknown certificate
 */
export function* changeAgent(statements: AgentStatements, change: AgentChange, rules: ChangeRules): Work<boolean> {
  const before = yield* readForChange(statements, change, rules);
  if (before === undefined) return false;
  yield* update(statements, change, before, rules);
  return true;
}

/**
 * Sets the keys of `change.mergedMetadata` and keeps all others. Returns false when the agent does not exist.
 *
 * @throws as {@link changeAgent}, and INVALID_INPUT when the metadata together exceed `limits`
 */
export function* mergeMetadata(
  statements: AgentStatements,
  change: AgentChange,
  limits: Limits,
  rules: ChangeRules,
): Work<boolean> {
  const before = yield* readForChange(statements, change, rules);
  if (before === undefined) return false;
  yield* checkMergedMetadata(statements, change, limits);
  yield* update(statements, change, before, rules);
  return true;
}

/** Sets the status of an agent; one that is revoked stays so, which changes nothing. Gives false when absent. */
export function* changeStatus(statements: AgentStatements, change: AgentChange, rules: ChangeRules): Work<boolean> {
  const before = yield* readForChange(statements, change, rules);
  if (before === undefined) return false;
  if (before.status !== 'REVOKED') yield* update(statements, change, before, rules);
  return true;
}

/** Lets an agent be registered for longer; one that has expired is active again. Gives false when absent. */
export function* renewAgent(statements: AgentStatements, change: AgentChange, rules: ChangeRules): Work<boolean> {
  const before = yield* readForChange(statements, change, rules);
  if (before === undefined) return false;
  if (before.status === 'REVOKED') throw staysRevoked();
  const columns = before.status === 'EXPIRED' ? { ...change.columns, status: 'ACTIVE' as const } : change.columns;
  yield* update(statements, { ...change, columns }, before, rules);
  return true;
}

/** Deletes an agent; gives false when absent. */
export function* deleteAgent(statements: AgentStatements, id: string, nowMs: number): Work<boolean> {
  const before = yield* hold(statements, id, null);
  if (before === undefined) return false;
  if (hasMuchMetadata(before)) yield* deleteMetadataInSteps(statements, id);
  // A row security policy may let the role lock an agent but not delete it. The server does not report that.
  const results = yield* inOrder(statements.delete(id));
  if (results.at(-1)?.changes === 0) throw protectedRow();
  yield agentChange('DELETED', [id], nowMs);
  return true;
}

/** Sets the health of an endpoint; returns false when it does not exist. */
export function* changeEndpointHealth(
  statements: AgentStatements,
  health: EndpointHealthColumns,
  nowMs: number,
): Work<boolean> {
  const { agentId, id } = health;
  for (let tries = 0; tries < maxLockTries; tries += 1) {
    const { changes } = yield statements.updateEndpointHealth(health);
    if (changes > 0) {
      yield agentChange('UPDATED', [agentId], nowMs);
      return true;
    }
    const { rows } = yield statements.selectEndpoint({ agentId, id });
    if (rows.length === 0) return false;
  }
  throw protectedRow();
}

/** A note of a change of agents for the feed. */
export function agentChange(kind: ChangeEntry['kind'], ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'AGENT', kind, ids, changedAt };
}

// Locks the agent where several transactions may write. Returns the columns of `selectForChange`, or undefined when the
// agent does not exist. When the agent was deleted while this waited, another transaction, or this one, may have
// registered the id again. The new row has to be locked, too, because another change could meet this one halfway. The
// number of attempts is limited: a policy may let the role see an agent but not lock it.
function* hold(statements: AgentStatements, id: string, endpointId: string | null): Work<Row | undefined> {
  const select = statements.selectForChange({ id, endpointId });
  if (statements.lock === undefined) return (yield select).rows[0];
  for (let tries = 0; tries < maxLockTries; tries += 1) {
    const [locked, found] = yield* look([statements.lock({ id }), select]);
    if (locked?.rows.length !== 0 || found?.rows.length === 0) return found?.rows[0];
  }
  throw protectedRow();
}

/** Stored values of an agent that a change depends on. */
interface BeforeChange {
  readonly status: AgentStatus;
  /** Time in milliseconds since 1970. */
  readonly updatedAt: number;
  readonly certificateId: string;
  readonly name: string;
  readonly version: string;
  readonly owner: string;
  readonly uniqueKey: string | null;
}

/** Checks the metadata after a merge. @throws INVALID_INPUT when they would exceed what an agent may have */
function* checkMergedMetadata(statements: AgentStatements, change: AgentChange, limits: Limits): Work<void> {
  const { selectKeptSize, selectKeptContainers } = statements.collections;
  const added = change.mergedMetadata ?? [];
  if (added.length === 0) return;
  const kept = { id: change.id, keys: JSON.stringify(added.map(([key]) => key)) };
  // The statement selects exactly these columns.
  const [keptBytes = 0, mostValues = 0] = ((yield selectKeptSize(kept)).rows[0] ?? []).map(Number);
  const bytes = added.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), keptBytes);
  if (bytes > limits.metadataBytes) {
    throw invalidInput('metadata', `must have at most ${limits.metadataBytes} bytes of JSON`);
  }
  const addedValues = added.reduce((sum, [, value]) => sum + countValues(value), 0);
  if (mostValues + addedValues <= limits.metadataValues) return;
  // The first number was an upper bound: now the values are counted exactly.
  const containers = (yield selectKeptContainers(kept)).rows.map(([value]) => String(value));
  const excess = containers.reduce((sum, value) => sum + Math.floor((value.length + 1) / 2) - countValues(value), 0);
  if (mostValues - excess + addedValues > limits.metadataValues) {
    throw invalidInput('metadata', `must have at most ${limits.metadataValues} JSON values`);
  }
}

function hasMuchMetadata(before: Row): boolean {
  return Boolean(before[8]);
}

// One statement for all of them would block everything else in the process on SQLite.
function* deleteMetadataInSteps({ collections: { deleteSomeMetadata } }: AgentStatements, id: string): Work<void> {
  if (deleteSomeMetadata === undefined) return;
  while ((yield deleteSomeMetadata({ id })).changes > 0);
}

function* update(
  statements: AgentStatements,
  change: AgentChange,
  before: BeforeChange,
  { allowsRevoked }: ChangeRules,
): Work<void> {
  const uniqueKey = yield* changeName(statements, change, before);
  const { certificateId } = change.columns;
  if (certificateId !== undefined && certificateId !== before.certificateId) {
    yield* checkCertificate(statements, certificateId, allowsRevoked);
  }
  // Makes `ifUpdatedAt` distinguish two changes within one millisecond, and a change after the clock was set back.
  const updatedAt = Math.max(change.columns.updatedAt, before.updatedAt + 1);
  const columns = { ...change.columns, ...uniqueKey, updatedAt };
  yield* lastly(statements.update({ ...change, columns }));
  yield agentChange('UPDATED', [change.id], change.columns.updatedAt);
}

// Returns the key that the agent holds after a change of its name, version or owner.
function* changeName(
  statements: AgentStatements,
  { id, columns }: AgentChange,
  before: BeforeChange,
): Work<{ readonly uniqueKey?: string | null }> {
  const { name = before.name, version = before.version, owner = before.owner } = columns;
  if (name === before.name && version === before.version && owner === before.owner) return {};
  const nameKeys = toNameKeys({ name, version, owner });
  if (yield* isNameTaken(statements, { id, name, version, owner, nameKeys }, 'none')) throw nameTaken();
  // A key that covers all agents does not depend on the owner.
  return { uniqueKey: before.uniqueKey === nameKeys.allKey ? before.uniqueKey : null };
}

// Locks the name until the end of the transaction where several transactions may write.
function* isNameTaken(statements: AgentStatements, agent: NamedAgent, uniqueness: Uniqueness): Work<boolean> {
  const { names } = statements;
  const results = yield* inOrder([...names.lock([agent], uniqueness), names.selectTaken([agent], uniqueness)]);
  return results.at(-1)?.rows.length !== 0;
}

function* checkCertificate(statements: AgentStatements, id: string, allowsRevoked: boolean): Work<void> {
  const { rows } = yield statements.selectCertificates({ ids: JSON.stringify([id]) });
  if (rows[0] === undefined) throw unknownCertificate();
  if (rows[0][1] === 'REVOKED' && !allowsRevoked) throw certificateRevoked();
}

// Returns undefined when the agent does not exist. Blocks other changes of it until the end of the transaction.
function* readForChange(
  statements: AgentStatements,
  change: AgentChange,
  { ifUpdatedAt }: ChangeRules,
): Work<BeforeChange | undefined> {
  const row = yield* hold(statements, change.id, change.columns.defaultEndpointId ?? null);
  if (row === undefined) return undefined;
  // The columns of `selectForChange`.
  const [status, updatedAt, hasEndpoint, certificateId, name, version, owner, uniqueKey] = row as ForChangeRow;
  const before = { status, updatedAt, certificateId, name, version, owner, uniqueKey };
  checkChange(change, before, Boolean(hasEndpoint), ifUpdatedAt);
  const isReplaced = change.collections.metadata !== undefined && hasMuchMetadata(row);
  if (isReplaced) yield* deleteMetadataInSteps(statements, change.id);
  return before;
}

type ForChangeRow = readonly [
  status: AgentStatus,
  updatedAtMs: number,
  hasEndpoint: unknown,
  certificateId: string,
  name: string,
  version: string,
  owner: string,
  uniqueKey: string | null,
];

function checkChange(
  { columns: { status, defaultEndpointId }, collections }: AgentChange,
  before: BeforeChange,
  hasEndpoint: boolean,
  ifUpdatedAt: number | undefined,
): void {
  if (ifUpdatedAt !== undefined && before.updatedAt !== ifUpdatedAt) {
    throw new Failure('CONFLICT', 'the agent was changed meanwhile', {
      entity: 'agent',
      field: 'updatedAt',
      retryable: true,
    });
  }
  if (before.status === 'REVOKED' && status !== undefined && status !== 'REVOKED') throw staysRevoked();
  const isKnownEndpoint = hasEndpoint || collections.endpoints !== undefined;
  if (typeof defaultEndpointId === 'string' && !isKnownEndpoint) throw unknownDefaultEndpoint();
}

/** Returns the failure for the id of a new agent that is taken. */
export function idTaken(): Failure {
  return new Failure('ALREADY_EXISTS', 'id is taken already', { entity: 'agent', field: 'id' });
}

/** Returns the failure for a certificate that does not exist. */
export function unknownCertificate(): Failure {
  return new Failure('REFERENCE_NOT_FOUND', 'a record that this one refers to does not exist', {
    entity: 'certificate',
    field: 'certificateId',
  });
}

function staysRevoked(): Failure {
  return new Failure('INVALID_TRANSITION', 'a revoked agent stays revoked', { entity: 'agent', field: 'status' });
}

import { Failure, invalidInput, maxLockTries, protectedRow } from '../errors/failure';
import { certificateRevoked, nameTaken } from '../errors/refused-column';
import { countValues } from '../sql/answer-size';
import { inOrder, lastly, look, type ChangeNote, type Row, type Work } from '../sql/statement';
import type { ChangeRules, RegistrationRules } from './agent-options';
import type { AgentChange, NewAgentRow } from './agent-row';
import type { AgentStatements, EndpointHealthColumns } from './agent-statements';
import type { NamedAgent } from './name-statements';
import { unknownDefaultEndpoint } from './parse-agent';
import type { AgentStatus, Uniqueness } from './types';
import type { Limits } from '../options/limits';
import { toNameKeys } from './unique-key';

/**
 * Registers an agent; gives its id.
 *
 * @param nowMs - the time of the change, whatever the agent says of its own, in milliseconds since 1970.
 * @param isLast - whether the work takes no other lock afterwards. Everybody locks names before the chain of events: two
 * that took them in opposite orders would wait for each other.
 * @throws ALREADY_EXISTS where another agent is in the way of its name; INVALID_TRANSITION for a REVOKED certificate.
 */
export function* insertAgent(
  statements: AgentStatements,
  row: NewAgentRow,
  { uniqueness, allowsRevoked }: RegistrationRules,
  nowMs: number,
  isLast = true,
): Work<string> {
  const { id } = row.columns;
  // An agent that holds nothing needs no answer before it is inserted: all of it goes to the server at once.
  if (uniqueness === 'none') {
    const locks = statements.names.lock([{ id, nameKeys: row.nameKeys }], uniqueness);
    yield* isLast ? lastly(locks) : inOrder(locks);
  } else if (yield* isNameTaken(statements, { ...row.columns, nameKeys: row.nameKeys }, uniqueness)) {
    const { rows } = yield statements.selectIds({ ids: JSON.stringify([id]) });
    throw rows.length > 0 ? idTaken() : nameTaken();
  }
  yield* lastly(statements.insert(row, allowsRevoked));
  yield noteOf('CREATED', [id], nowMs);
  return id;
}

/**
 * Changes an agent; gives false when absent.
 *
 * @throws CONFLICT; INVALID_TRANSITION; INVALID_INPUT where the default endpoint is none of the agent's; ALREADY_EXISTS
 * where another agent holds the new name; REFERENCE_NOT_FOUND for an unknown certificate
 */
export function* changeAgent(statements: AgentStatements, change: AgentChange, rules: ChangeRules): Work<boolean> {
  const before = yield* readForChange(statements, change, rules);
  if (before === undefined) return false;
  yield* update(statements, change, before, rules);
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
  readonly certificateId: string;
  readonly name: string;
  readonly version: string;
  readonly owner: string;
  readonly uniqueKey: string | null;
}

/** @throws INVALID_INPUT where all of the metadata would be more than an agent may have */
function* checkMergedMetadata(statements: AgentStatements, change: AgentChange, limits: Limits): Work<void> {
  const { selectKeptSize, selectKeptContainers } = statements.collections;
  const added = change.mergedMetadata ?? [];
  if (added.length === 0) return;
  const kept = { id: change.id, keys: JSON.stringify(added.map(([key]) => key)) };
  // The statement selects exactly these columns.
  const [keptBytes = 0, mostValues = 0] = ((yield selectKeptSize(kept)).rows[0] ?? []).map(Number);
  const bytes = added.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), keptBytes);
  if (bytes > limits.metadataBytes) {
    throw invalidInput('metadata', `must not be larger than ${limits.metadataBytes} bytes of JSON`);
  }
  const addedValues = added.reduce((sum, [, value]) => sum + countValues(value), 0);
  if (mostValues + addedValues <= limits.metadataValues) return;
  // That was a bound: now each is counted.
  const containers = (yield selectKeptContainers(kept)).rows.map(([value]) => String(value));
  const excess = containers.reduce((sum, value) => sum + Math.floor((value.length + 1) / 2) - countValues(value), 0);
  if (mostValues - excess + addedValues > limits.metadataValues) {
    throw invalidInput('metadata', `must not hold more than ${limits.metadataValues} JSON values`);
  }
}

function hasMuchMetadata(before: Row): boolean {
  return Boolean(before[8]);
}

// SQLite would block all else in the process for as long as one statement takes for them all.
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
  // `ifUpdatedAt` tells two changes within one millisecond apart, and a change after the clock was set back.
  const updatedAt = Math.max(change.columns.updatedAt, before.updatedAt + 1);
  const columns = { ...change.columns, ...uniqueKey, updatedAt };
  yield* lastly(statements.update({ ...change, columns }));
  yield noteOf('UPDATED', [change.id], change.columns.updatedAt);
}

// What the agent holds from now on, where it gets another name, version or owner.
function* changeName(
  statements: AgentStatements,
  { id, columns }: AgentChange,
  before: BeforeChange,
): Work<{ readonly uniqueKey?: string | null }> {
  const { name = before.name, version = before.version, owner = before.owner } = columns;
  if (name === before.name && version === before.version && owner === before.owner) return {};
  const nameKeys = toNameKeys({ name, version, owner });
  if (yield* isNameTaken(statements, { id, name, version, owner, nameKeys }, 'none')) throw nameTaken();
  // Another owner leaves a hold on the name and version among all agents as it is.
  return { uniqueKey: before.uniqueKey === nameKeys.allKey ? before.uniqueKey : null };
}

// Keeps others from taking the name until the end of the transaction, where they may.
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

// Undefined when absent. Nobody else changes the agent until the end of the transaction.
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

/** The id of a new agent is that of another one. */
export function idTaken(): Failure {
  return new Failure('ALREADY_EXISTS', 'id is taken already', { entity: 'agent', field: 'id' });
}

/** The certificate that an agent would be attached to does not exist. */
export function unknownCertificate(): Failure {
  return new Failure('REFERENCE_NOT_FOUND', 'a record that this one refers to does not exist', {
    entity: 'certificate',
    field: 'certificateId',
  });
}

function staysRevoked(): Failure {
  return new Failure('INVALID_TRANSITION', 'a revoked agent stays revoked', { entity: 'agent', field: 'status' });
}

import { maxLockAttempts, protectedRow } from '../errors/failure';
import { nameTaken } from '../errors/refused-column';
import type { Limits } from '../validation/limits';
import type { ChangeEntry, Transaction } from '../storage/transaction';
import { clearSuccessors, lockSuccessor, notDeprecated, type DeprecationChange } from './deprecation';
import { idTaken, notDeprecatable, ownedByOther, staysRevoked, unknownSuccessor } from './failures';
import { loadForUpdate, lockForUpdate } from './load-for-update';
import { assertMergedMetadataFits, deleteMetadataInSteps } from './merged-metadata';
import type { AgentBeforeChange, AgentChange, NewAgentRow } from './new-row';
import type { ChangeRules, RegistrationRules } from './options';
import { agentStatements, type EndpointHealthColumns } from './statements';

/*
 * Functions that change agents inside a transaction, and record each change for the change feed.
 */

/**
 * Checks that no other agent has the unique name and version of a new agent. Blocks other registrations with the same
 * name and version until the end of the transaction. Does nothing when `uniqueness` is `none`: then the INSERT
 * statement fails when another agent holds the name and version.
 *
 * @throws ALREADY_EXISTS when the name and version are taken. If the id is also taken, the error is about the id.
 */
export async function assertNameFree(
  tx: Transaction,
  { columns, nameKeys }: NewAgentRow,
  { uniqueness }: RegistrationRules,
): Promise<void> {
  if (uniqueness === 'none') return;
  const { names, selectIds } = agentStatements(tx.dialect);
  const agent = { ...columns, nameKeys };
  tx.executeAtCommit(names.lock([agent], uniqueness));
  if ((await tx.query(names.selectTaken([agent], uniqueness))).length === 0) return;
  const sameId = await tx.query(selectIds({ ids: JSON.stringify([columns.id]) }));
  throw sameId.length > 0 ? idTaken() : nameTaken();
}

/**
 * Stores a new agent whose name {@link assertNameFree} has checked. Returns the id of the agent.
 *
 * @param nowMs - time of the change-feed entry, in milliseconds since 1970. `row` contains the times of the agent.
 */
export function insertAgent(
  tx: Transaction,
  row: NewAgentRow,
  { uniqueness, allowsRevoked }: RegistrationRules,
  nowMs: number,
): string {
  const statements = agentStatements(tx.dialect);
  const { id } = row.columns;
  if (uniqueness === 'none') tx.executeAtCommit(statements.names.lock([{ id, nameKeys: row.nameKeys }], uniqueness));
  tx.executeAtCommit(statements.insert(row, allowsRevoked));
  tx.recordChange(agentChange('CREATED', [id], nowMs));
  return id;
}

/**
 * Changes an agent. Returns false when the agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION when a revoked agent would get
 * another status, or when the new certificate is revoked, unless `allowsRevoked` is true; INVALID_INPUT when the
 * default endpoint does not belong to the agent; ALREADY_EXISTS when another agent holds the new name;
 * REFERENCE_NOT_FOUND for an unknown certificate
 */
export async function updateAgent(tx: Transaction, change: AgentChange, rules: ChangeRules): Promise<boolean> {
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  await writeChange(tx, change, before, rules);
  return true;
}

/**
 * Sets the keys of `change.mergedMetadata` and keeps all other keys. Returns false when the agent does not exist.
 *
 * @throws as {@link updateAgent}, and INVALID_INPUT when the merged metadata exceed `limits`
 */
export async function mergeMetadata(
  tx: Transaction,
  change: AgentChange,
  limits: Limits,
  rules: ChangeRules,
): Promise<boolean> {
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  await assertMergedMetadataFits(tx, change, limits);
  await writeChange(tx, change, before, rules);
  return true;
}

/**
 * Sets the status of an agent. Changes nothing when the agent is already revoked and the new status is REVOKED. Returns
 * false when the agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION when a revoked agent would get
 * another status
 */
export async function setStatus(tx: Transaction, change: AgentChange, rules: ChangeRules): Promise<boolean> {
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  if (before.status !== 'REVOKED') await writeChange(tx, change, before, rules);
  return true;
}

/**
 * Changes the end of an agent's registration, and sets the status of an EXPIRED agent to ACTIVE. Returns false when the
 * agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION when the agent is revoked
 */
export async function renewAgent(tx: Transaction, change: AgentChange, rules: ChangeRules): Promise<boolean> {
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  if (before.status === 'REVOKED') throw staysRevoked();
  const columns =
    before.status === 'EXPIRED' ? { ...change.columns, ...notDeprecated, status: 'ACTIVE' as const } : change.columns;
  await writeChange(tx, { ...change, columns }, before, rules);
  return true;
}

/**
 * Deprecates an agent, or replaces its deprecation. Returns false when the agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION when the agent is neither ACTIVE
 * nor DEPRECATED; REFERENCE_NOT_FOUND when the successor does not exist
 */
export async function deprecateAgent(tx: Transaction, change: DeprecationChange, rules: ChangeRules): Promise<boolean> {
  const { successorId } = change.columns;
  const hasSuccessor = successorId === null || (await lockSuccessor(tx, successorId, change.scopeOwner));
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  if (before.status !== 'ACTIVE' && before.status !== 'DEPRECATED') throw notDeprecatable();
  if (!hasSuccessor) throw unknownSuccessor();
  await writeChange(tx, change, before, rules);
  return true;
}

/**
 * Changes the owner of an agent to `change.columns.owner`. Changes nothing when the agent already has this owner.
 * Returns false when the agent does not exist.
 *
 * @throws CONFLICT when the owner of the agent is not `ifOwner`; ALREADY_EXISTS when another agent holds the name and
 * version for the new owner
 */
export async function transferAgent(
  tx: Transaction,
  change: AgentChange,
  ifOwner: string | undefined,
): Promise<boolean> {
  const rules = { ifUpdatedAt: undefined, allowsRevoked: false };
  const before = await loadForUpdate(tx, change, rules);
  if (before === undefined) return false;
  if (ifOwner !== undefined && before.owner !== ifOwner) throw ownedByOther();
  if (before.owner !== change.columns.owner) await writeChange(tx, change, before, rules);
  return true;
}

/**
 * Deletes an agent with everything that belongs to it. Removes the agent from the deprecations that name it as
 * successor. Returns false when the agent does not exist.
 *
 * @param scopeOwner - when given, an agent of another owner counts as absent.
 */
export async function deleteAgent(
  tx: Transaction,
  id: string,
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<boolean> {
  const before = await lockForUpdate(tx, { id, needsCapabilities: true, scopeOwner });
  if (before === undefined) return false;
  if (before.hasMuchMetadata) await deleteMetadataInSteps(tx, id);
  const predecessors = before.hasPredecessors ? await clearSuccessors(tx, [id], nowMs) : [];
  const changes = await tx.executeAll(agentStatements(tx.dialect).delete(id, before.capabilities));
  // A row security policy may let the database role lock an agent but not delete it. Then DELETE reports no error.
  if (changes.at(-1) === 0) throw protectedRow();
  tx.recordChange(agentChange('DELETED', [id], nowMs));
  tx.recordChange(agentChange('UPDATED', predecessors, nowMs));
  return true;
}

/**
 * Sets the health of an endpoint. Returns false when the endpoint does not exist.
 *
 * @param scopeOwner - when given, an agent of another owner counts as absent.
 */
export async function setEndpointHealth(
  tx: Transaction,
  health: EndpointHealthColumns,
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<boolean> {
  const { agentId, id } = health;
  // Locks the agent, so that it cannot get another owner before the commit.
  if (scopeOwner !== undefined) {
    const agent = await lockForUpdate(tx, { id: agentId, needsCapabilities: false, scopeOwner });
    if (agent === undefined) return false;
  }
  const { updateEndpointHealth, selectEndpoint } = agentStatements(tx.dialect);
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    if ((await tx.execute(updateEndpointHealth(health))) > 0) {
      tx.recordChange(agentChange('UPDATED', [agentId], nowMs));
      return true;
    }
    if ((await tx.query(selectEndpoint({ agentId, id }))).length === 0) return false;
  }
  throw protectedRow();
}

/**
 * Changes the status to EXPIRED for at most `limit` agents whose `expiresAt` has passed. Returns the number of changed
 * agents.
 *
 * @param scopeOwner - when given, only agents of this owner are changed.
 */
export async function expireDueAgents(
  tx: Transaction,
  nowMs: number,
  limit: number,
  scopeOwner: string | undefined,
): Promise<number> {
  const { expireDue } = agentStatements(tx.dialect);
  const rows = await tx.executeReturning(expireDue({ now: nowMs, limit }, scopeOwner));
  const ids = rows.map(([id]) => String(id));
  tx.recordChange(agentChange('UPDATED', ids, nowMs));
  return ids.length;
}

/** Returns the change-feed entry for a change of agents. */
export function agentChange(kind: ChangeEntry['kind'], ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'AGENT', kind, ids, changedAt };
}

async function writeChange(
  tx: Transaction,
  change: AgentChange,
  before: AgentBeforeChange,
  { allowsRevoked }: ChangeRules,
): Promise<void> {
  if (change.collections.metadata !== undefined && before.hasMuchMetadata) await deleteMetadataInSteps(tx, change.id);
  // Increases `updatedAt` with every change, because `ifUpdatedAt` compares it. The time alone may not increase: two
  // changes can occur in one millisecond, and the clock may be set back.
  const updatedAt = Math.max(change.columns.updatedAt, before.updatedAt + 1);
  const columns = { ...change.columns, updatedAt };
  tx.executeAtCommit(agentStatements(tx.dialect).update({ ...change, columns }, before, allowsRevoked));
  tx.recordChange(agentChange('UPDATED', [change.id], change.columns.updatedAt));
}

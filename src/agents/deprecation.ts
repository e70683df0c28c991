import { invalidInput } from '../errors/failure';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { sql } from '../sql/sql';
import { defineStatement } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { checkObject, checkTime, ifDefined } from '../validation/checks';
import type { Validator } from '../validation/validator';
import type { AgentChange, AgentColumns } from './new-row';
import type { ChangeRules } from './options';
import { andOwner, defineOwned } from './owned-statement';

/** Columns of an agent's deprecation. All are null for an agent without a deprecation. */
export type DeprecationColumns = Pick<AgentColumns, 'deprecatedAt' | 'deprecationReason' | 'successorId'>;

/** Values of the deprecation columns for an agent without a deprecation. */
export const notDeprecated: DeprecationColumns = { deprecatedAt: null, deprecationReason: null, successorId: null };

/** Change that deprecates an agent. */
export interface DeprecationChange extends AgentChange {
  readonly columns: AgentChange['columns'] & DeprecationColumns;
}

const optionNames = new Set(['reason', 'successorId', 'ifUpdatedAt'] as const);
const recordNames = new Set(['reason', 'successorId', 'at'] as const);

/**
 * Parses the arguments of `deprecate`.
 *
 * @throws INVALID_INPUT when an argument is invalid
 */
export function parseDeprecation(
  agentId: unknown,
  options: unknown,
  nowMs: number,
  checks: Validator,
): { readonly change: DeprecationChange; readonly rules: ChangeRules } {
  const id = checks.id(agentId, 'id');
  const { reason, successorId, ifUpdatedAt } = checkObject(options, 'options', optionNames);
  const details: DeprecationColumns = {
    deprecatedAt: nowMs,
    deprecationReason: ifDefined(reason, 'reason', checks.text) ?? null,
    successorId: ifDefined(successorId, 'successorId', checks.id) ?? null,
  };
  if (details.successorId === id) throw invalidInput('successorId', 'must be the id of another agent');
  return {
    change: {
      id,
      columns: { ...details, status: 'DEPRECATED', updatedAt: nowMs },
      collections: {},
      scopeOwner: checks.scopeOwner,
    },
    rules: { ifUpdatedAt: ifDefined(ifUpdatedAt, 'options.ifUpdatedAt', checkTime), allowsRevoked: false },
  };
}

/**
 * Checks the field `deprecation` of a record that is passed to `update`. The update ignores the value, because only
 * `deprecate` sets it.
 *
 * @throws INVALID_INPUT when the deprecation is invalid
 */
export function checkDeprecation(value: unknown, path: string, checks: Validator): void {
  const { reason, successorId, at } = checkObject(value, path, recordNames);
  ifDefined(reason, `${path}.reason`, checks.text);
  ifDefined(successorId, `${path}.successorId`, checks.id);
  checkTime(at, `${path}.at`);
}

/** Statements about the successors of deprecated agents, for one SQL dialect. */
export const deprecationStatements = memoizeByDialect((dialect) => ({
  // Prevents the deletion of the successor, but no other change of it.
  lockSuccessor: defineOwned<{ id: string }>(
    (p, owner) => sql`SELECT 1 FROM agents WHERE id = ${p('id')}${andOwner(sql`owner`, owner)}
      ${dialect.usesRowLocks ? sql`FOR KEY SHARE` : sql``}`,
  ),
  // Locks the agents, so that the statement `clearSuccessors` changes exactly the selected agents.
  selectPredecessors: defineStatement<{ ids: string }>(
    (p) => sql`SELECT id, successor_id FROM agents
      WHERE successor_id IS NOT NULL AND ${dialect.inSubquery(sql`successor_id`, dialect.jsonArrayElements(p('ids')))}
      ORDER BY id ${dialect.usesRowLocks ? sql`FOR UPDATE` : sql``}`,
  ),
  // Two deletions never wait for each other in this statement, because a deprecated agent has only one successor.
  clearSuccessors: defineStatement<{ ids: string; now: number }>(
    (p) => sql`UPDATE agents SET successor_id = NULL, updated_at = ${dialect.nextTime(sql`updated_at`, p('now'))}
      WHERE successor_id IS NOT NULL AND ${dialect.inSubquery(sql`successor_id`, dialect.jsonArrayElements(p('ids')))}
      RETURNING id`,
  ),
}));

/**
 * Reports whether the successor of a deprecation exists, and prevents its deletion until the end of the transaction.
 * Call this function before you lock the deprecated agent: a deletion also locks the successor first, so the same order
 * prevents deadlocks.
 *
 * @param scopeOwner - when given, a successor of another owner counts as absent.
 */
export async function lockSuccessor(tx: Transaction, id: string, scopeOwner: string | undefined): Promise<boolean> {
  const lock = deprecationStatements(tx.dialect).lockSuccessor({ id }, scopeOwner);
  return (await tx.query(lock)).length > 0;
}

/**
 * Removes agents from the deprecations that name them as successors, before these agents are deleted. Returns the ids
 * of the changed agents. The caller must have locked the agents to delete.
 */
export async function clearSuccessors(tx: Transaction, ids: readonly string[], nowMs: number): Promise<string[]> {
  const statement = deprecationStatements(tx.dialect).clearSuccessors({ ids: JSON.stringify(ids), now: nowMs });
  return (await tx.executeReturning(statement)).map(([id]) => String(id)).sort();
}

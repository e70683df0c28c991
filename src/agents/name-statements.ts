import type { Dialect, RecordColumns } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import { locksOf, sharedLockOf, type NameToLock } from './name-locks';
import type { Uniqueness } from './types';

const takenColumns: RecordColumns = {
  position: 'integer',
  id: 'text',
  name: 'text',
  version: 'text',
  owner: 'text',
  all_key: 'text',
  owner_key: 'text',
};
const namedColumns: RecordColumns = { position: 'integer', name: 'text', version: 'text', owner: 'text' };
const holderColumns: RecordColumns = { position: 'integer', id: 'text', all_key: 'text', owner_key: 'text' };
const lockColumns: RecordColumns = { bucket: 'integer' };

/** Agent whose name and version are compared with those of stored agents. */
export interface NamedAgent extends NameToLock {
  readonly name: string;
  readonly version: string;
  readonly owner: string;
}

/** Statements that enforce unique names, for one SQL dialect. */
export class NameStatements {
  readonly #usesRowLocks: boolean;
  readonly #lockOne;
  readonly #lockMany;
  readonly #selectHeld;
  readonly #selectTaken;
  readonly #selectHolders;
  readonly #selectNamed;

  constructor(dialect: Dialect) {
    this.#usesRowLocks = dialect.usesRowLocks;
    const onConflict = sql`ON CONFLICT (bucket) DO UPDATE SET bucket = excluded.bucket`;
    this.#lockOne = defineStatement<{ bucket: number }>(
      (p) => sql`INSERT INTO name_locks (bucket) VALUES (${p('bucket')}) ${onConflict}`,
    );
    this.#lockMany = defineStatement<{ buckets: string }>(
      (p) => sql`INSERT INTO name_locks (bucket)
        SELECT b.bucket FROM ${dialect.jsonRecordSet(p('buckets'), 'b', lockColumns)} ORDER BY b.bucket ${onConflict}`,
    );
    // `(SELECT … LIMIT 1) IS NOT NULL` always uses the unique index on `unique_key`. PostgreSQL would convert EXISTS to
    // a join, which reads the whole table if the table has no statistics.
    this.#selectHeld = defineStatement<{ agents: string }>(
      (p) => sql`SELECT n.position FROM ${dialect.jsonRecordSet(p('agents'), 'n', takenColumns)} WHERE (
          SELECT 1 FROM agents a WHERE a.unique_key IN (n.all_key, n.owner_key) AND a.id <> n.id LIMIT 1) IS NOT NULL`,
    );
    this.#selectTaken = defineStatement<{ agents: string }>(
      (p) => sql`SELECT n.position FROM ${dialect.jsonRecordSet(p('agents'), 'n', takenColumns)} WHERE EXISTS (
          SELECT 1 FROM agents a WHERE a.name = n.name AND a.version = n.version
          AND (n.owner IS NULL OR a.owner = n.owner OR a.unique_key = n.all_key))`,
    );
    this.#selectNamed = defineStatement<{ agents: string }>((p) => {
      const idOf = (aggregate: Sql): Sql =>
        sql`(SELECT ${aggregate} FROM agents a WHERE a.name = n.name AND a.version = n.version AND a.owner = n.owner)`;
      return sql`SELECT n.position, ${idOf(sql`min(a.id)`)}, ${idOf(sql`max(a.id)`)}
        FROM ${dialect.jsonRecordSet(p('agents'), 'n', namedColumns)}`;
    });
    this.#selectHolders = defineStatement<{ agents: string }>((p) => {
      const holdersOf = (key: Sql): Sql =>
        sql`SELECT n.position, h.id FROM ${dialect.jsonRecordSet(p('agents'), 'n', holderColumns)}
          ${dialect.lateralLookup(sql`unique_key`, 'agents', 'h', key)} WHERE h.id <> n.id`;
      return sql`${holdersOf(sql`n.all_key`)} UNION ALL ${holdersOf(sql`n.owner_key`)}`;
    });
  }

  /**
   * Returns the statements that block conflicting registrations of the names until the end of the transaction. Returns
   * an empty array on engines without row locks. Only later statements see rows that another transaction has committed
   * while such a statement waited.
   */
  lock(agents: readonly NameToLock[], uniqueness: Uniqueness): Statement[] {
    const [first] = agents;
    if (!this.#usesRowLocks || first === undefined) return [];
    const isShared = uniqueness === 'none';
    if (agents.length === 1 && isShared) return [this.#lockOne({ bucket: sharedLockOf(first) })];
    return [this.#lockMany({ buckets: JSON.stringify(locksOf(agents, isShared).map((bucket) => [bucket])) })];
  }

  /**
   * Returns the statement that selects the positions of the agents whose name and version are taken. With the
   * uniqueness `none`, a name and version are taken when another agent holds both exclusively. With any other
   * uniqueness, they are also taken when another agent in the same scope merely has them.
   */
  selectTaken(agents: readonly NamedAgent[], uniqueness: Uniqueness): Statement {
    const isOwnersOwn = uniqueness === 'owner-name-version';
    const rows = agents.map(({ id, name, version, owner, nameKeys: { allKey, ownerKey } }, position) => {
      return [position, id, name, version, isOwnersOwn ? owner : null, allKey, ownerKey];
    });
    const parameters = { agents: JSON.stringify(rows) };
    return uniqueness === 'none' ? this.#selectHeld(parameters) : this.#selectTaken(parameters);
  }

  /**
   * Returns the statement that selects stored agents by owner, name and version. Each row contains the position of a
   * given agent, and the least and the greatest id of the stored agents; null when no stored agent matches.
   */
  selectNamed(agents: readonly Pick<NamedAgent, 'name' | 'version' | 'owner'>[]): Statement {
    const rows = agents.map(({ name, version, owner }, position) => [position, name, version, owner]);
    return this.#selectNamed({ agents: JSON.stringify(rows) });
  }

  /**
   * Returns the statement that selects the other agents that hold the names and versions of the given agents. Each row
   * contains the position of a given agent, and the id of the agent that holds its name and version.
   */
  selectHolders(agents: readonly NameToLock[]): Statement {
    const rows = agents.map(({ id, nameKeys: { allKey, ownerKey } }, position) => [position, id, allKey, ownerKey]);
    return this.#selectHolders({ agents: JSON.stringify(rows) });
  }
}

/** Returns the statements that enforce unique names, for a SQL dialect. */
export const nameStatements = memoizeByDialect((dialect) => new NameStatements(dialect));

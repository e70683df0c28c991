import type { ChangeModel } from '../generated/prisma/models';
import { columnNames, recordColumns, type Columns } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import type { UncheckedValues, ValuesOf } from '../sql/model';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { statementsFor } from '../sql/chunks';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, toStatement, type Row, type Statement } from '../sql/statement';
import type { ChangeEntry } from '../storage/transaction';
import { storedChoice, storedText, storedTime } from '../sql/stored';
import type { Change } from './types';

const table: Columns<Omit<ChangeModel, 'sequence'>> = {
  entity: ['entity', { enumeration: 'ChangeEntity' }],
  entityId: ['entity_id', 'text'],
  kind: ['kind', { enumeration: 'ChangeKind' }],
  changedAt: ['changed_at', 'time'],
};

/** Name of the PostgreSQL sequence that numbers the changes. */
const sequence = 'changes_sequence_seq';

/** SQL statements of the change feed, for one engine. */
class ChangeStatements {
  /**
   * Selects the changes after a sequence number, together with the bounds of the feed, in one snapshot. Returns one row
   * even when there is no change; the columns of the change are then null.
   */
  readonly select;
  /** Selects the bounds of the change feed. */
  readonly selectBounds;
  /** Selects the keys of the locks that {@link insert} takes. Undefined on an engine with one writer at a time. */
  readonly selectLocks: Statement | undefined;
  /**
   * Takes a lock, so that only one call prunes the change feed at a time. Undefined on an engine with one writer at a
   * time.
   */
  readonly lockPruning: Statement | undefined;
  /**
   * Selects the number of changes to prune, and the sequence number of the last change to prune. Begins with the oldest
   * change. Stops after `limit` changes, after `end`, and before the first change that is not older than `before`.
   * Therefore only the oldest changes are pruned, and a follower knows from its position whether it has missed a
   * change.
   */
  readonly selectPrunable;
  readonly markPruned;
  readonly deletePruned;
  readonly deleteOlderMarks;
  readonly #insert;
  /** SQL text of the first insertion of a transaction into the change feed. It also takes the sequence lock. */
  readonly #firstInsert: string;

  constructor(dialect: Dialect) {
    const bounds = sql`SELECT COALESCE((SELECT MAX(m.sequence) FROM change_prunings m), 0) AS pruned,
      COALESCE((SELECT MAX(n.sequence) FROM changes n), 0) AS newest`;
    this.select = defineStatement<{ after: number; limit: number }>(
      (
        p,
      ) => sql`SELECT b.pruned, b.newest, c.sequence, c.entity, c.entity_id, c.kind, ${dialect.toMs(sql`c.changed_at`)}
        FROM (${bounds}) b LEFT JOIN (SELECT f.sequence, f.entity, f.entity_id, f.kind, f.changed_at FROM changes f
          WHERE f.sequence > CAST(${p('after')} AS BIGINT) ORDER BY f.sequence LIMIT CAST(${p('limit')} AS BIGINT)) c ON TRUE
        ORDER BY c.sequence`,
    );
    this.selectBounds = toStatement(bounds);
    const pruning = dialect.advisoryLock?.(sql`'change_prunings'`);
    this.lockPruning = pruning === undefined ? undefined : toStatement(pruning);
    this.selectPrunable = defineStatement<{ before: number; end: number; limit: number }>((p) => {
      const before = dialect.fromMs(p('before'));
      return sql`WITH oldest AS (SELECT c.sequence, c.changed_at FROM changes c
          WHERE c.sequence <= CAST(${p('end')} AS BIGINT) ORDER BY c.sequence LIMIT CAST(${p('limit')} AS BIGINT))
        SELECT COUNT(*), MAX(o.sequence) FROM oldest o WHERE o.sequence < COALESCE(
          (SELECT MIN(k.sequence) FROM oldest k WHERE k.changed_at >= ${before}), 9223372036854775807)`;
    });
    this.markPruned = defineStatement<{ last: number }>(
      (p) => sql`INSERT INTO change_prunings (sequence) VALUES (${p('last')}) ON CONFLICT DO NOTHING`,
    );
    this.deletePruned = defineStatement<{ last: number }>(
      (p) => sql`DELETE FROM changes WHERE sequence <= ${p('last')}`,
    );
    this.deleteOlderMarks = defineStatement<{ last: number }>(
      (p) => sql`DELETE FROM change_prunings WHERE sequence < ${p('last')}`,
    );
    const held = dialect.sequenceLock?.heldKeys(sequence);
    this.selectLocks = held === undefined ? undefined : toStatement(held);
    this.#insert = defineInsert(dialect, undefined);
    // Takes the sequence lock before the first number is assigned. The transaction holds the lock until it ends.
    const { sql: firstInsert } = defineInsert(dialect, dialect.sequenceLock?.acquire(sequence))({ changes: '' });
    this.#firstInsert = firstInsert;
  }

  /**
   * Returns the statements that add entries to the change feed. There are none without entries, and several for
   * thousands of entries. Run them last in a transaction, and outside savepoints: the first statement takes the lock
   * for all of them.
   */
  insert(entries: readonly ChangeEntry[]): Statement[] {
    const rows = entries
      .filter(({ isOutsideFeed }) => isOutsideFeed !== true)
      .flatMap(({ entity, kind, ids, changedAt }) => ids.map((id) => [entity, id, kind, changedAt]));
    const [first, ...others] = statementsFor(rows, (chunk) =>
      this.#insert({ changes: JSON.stringify(chunk.map((row, position) => [position, ...row])) }),
    );
    return first === undefined ? [] : [{ sql: this.#firstInsert, args: first.args }, ...others];
  }
}

function defineInsert(dialect: Dialect, lock: Sql | undefined): (parameters: { changes: string }) => Statement {
  const rowColumns = { position: 'integer', ...recordColumns(table) } as const;
  const acquired = lock === undefined ? sql`` : sql`WITH acquired AS MATERIALIZED (${lock})`;
  return defineStatement(
    (p) => sql`${acquired} INSERT INTO changes (${columnNames(table)}) SELECT ${columnNames(table)}
      FROM ${lock === undefined ? sql`` : sql`acquired CROSS JOIN `}${dialect.jsonRecordSet(p('changes'), 'n', rowColumns)}
      ORDER BY n.position`,
  );
}

/** Returns the statements of the change feed for an engine. */
export const changeStatements = memoizeByDialect((dialect) => new ChangeStatements(dialect));

type BoundsRow = readonly [pruned: number, newest: number];

type ChangeResultRow = readonly [
  ...BoundsRow,
  ...ValuesOf<ChangeModel, ['sequence']>,
  ...UncheckedValues<ChangeModel, ['entity', 'entityId', 'kind', 'changedAt']>,
];

/** Bounds of the sequence numbers in the stored change feed. */
export interface StoredBounds {
  /** Sequence number of the last change that was pruned; 0 before the first pruning. */
  readonly pruned: number;
  /** Highest sequence number of a committed change; 0 before the first change. */
  readonly last: number;
}

/** Converts the first columns of a row of `select` or `selectBounds` to the bounds of the feed. */
export function toStoredBounds(row: Row | undefined): StoredBounds {
  // The cast is safe: the statement that returned the row selects the columns of `BoundsRow` first.
  const [pruned, newest] = (row ?? [0, 0]) as unknown as BoundsRow;
  return { pruned, last: Math.max(pruned, newest) };
}

/** Converts the rows of the statement `select` to changes of the change feed. */
export function toChanges(rows: readonly Row[]): Change[] {
  return rows.filter((row) => row[2] !== null).map(toChange);
}

const entities: Readonly<Record<ChangeModel['entity'], Change['entity']>> = {
  AGENT: 'agent',
  CERTIFICATE: 'certificate',
};

const entityNames = new Set<ChangeModel['entity']>(['AGENT', 'CERTIFICATE']);
const kinds = new Set<ChangeModel['kind']>(['CREATED', 'UPDATED', 'DELETED']);

function toChange(row: Row): Change {
  // The cast is safe: the statement that returned the row selects the columns of `ChangeResultRow`.
  const [, , sequence, entity, id, kind, changedAtMs] = row as unknown as ChangeResultRow;
  const key = String(sequence);
  return {
    sequence,
    entity: entities[storedChoice(entity, entityNames, 'change', key, 'entity')],
    id: storedText(id, 'change', key, 'id'),
    kind: storedChoice(kind, kinds, 'change', key, 'kind'),
    changedAt: storedTime(changedAtMs, 'change', key, 'changedAt'),
  };
}

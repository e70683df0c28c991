import type { EnumerationName } from './model';
import type { Sql } from './sql';

/** Type of a column of a record set that is read from JSON. `enumeration` names an enumeration of the schema. */
export type RecordColumnType = 'text' | 'integer' | 'boolean' | 'time' | { readonly enumeration: EnumerationName };

/** Minimum number of code points of a text that the substring indexes of both engines can find. */
export const shortestIndexedPart = 3;

/** Text that is searched for as a part of other texts. */
export interface TextPart {
  /**
   * True when the text is long enough for the substring indexes: it has at least {@link shortestIndexedPart} code
   * points.
   */
  readonly isIndexed: boolean;
  /**
   * Composes a bound parameter. Its value is the result of `derive` for the text; without `derive`, the text itself.
   */
  readonly bind: (derive?: (part: string) => string) => Sql;
}

/** Reports whether a text is long enough for the substring indexes. */
export function isIndexedPart(part: string): boolean {
  // A code point has one or two UTF-16 code units.
  return part.length >= 2 * shortestIndexedPart || Array.from(part).length >= shortestIndexedPart;
}

/**
 * Shared lock of the transactions that take numbers from an ascending sequence. By the keys of the held locks, readers
 * know up to which number all transactions have ended. Its holders do not wait for each other.
 */
export interface SequenceLock {
  /**
   * Composes a query that takes the lock until the end of the transaction. The key of the lock is less than every
   * number that the transaction takes afterwards.
   */
  readonly acquire: (sequence: string) => Sql;
  /**
   * Composes a query that returns the keys of the held locks: one row for each key, or one row with null when no lock
   * is held. The second column is true when the server is a standby, which does not know the locks of the
   * primary.
   */
  readonly heldKeys: (sequence: string) => Sql;
}

/** Columns of a record set, in the order of the values in each row. */
export type RecordColumns = Readonly<Record<string, RecordColumnType>>;

/**
 * SQL that differs between the engines. A list, or a set of rows, is one bound parameter of JSON text, so the text of a
 * statement does not depend on the number of elements or rows.
 */
export interface Dialect {
  /**
   * True when several transactions can write at the same time. Then a transaction has to lock the rows that its
   * decision depends on.
   */
  readonly usesRowLocks: boolean;
  /**
   * Composes a query that takes the advisory lock `name` until the end of the transaction. When the query has waited
   * for another holder, only later statements see what that holder has committed. Undefined on an engine where only one
   * transaction can write at a time.
   */
  readonly advisoryLock: ((name: Sql) => Sql) | undefined;
  /** Composes a query that takes the advisory lock `name` if it is free, and returns whether it was free. */
  readonly tryAdvisoryLock: ((name: Sql) => Sql) | undefined;
  /**
   * Undefined on an engine with one writer at a time, where numbers become visible in ascending order without a lock.
   */
  readonly sequenceLock: SequenceLock | undefined;
  /**
   * Joins the row of `table` whose `column` is `value`, with the alias `alias`. Looks up this row for each row of the
   * tables to the left of the join, and keeps the order of those rows, whatever the planner estimates.
   */
  readonly lateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * Joins the row of `table` whose `column` is `value`, or NULLs when there is none, with the alias `alias`. Looks up
   * this row by the unique index that begins with `column`, whatever the statistics of the table are.
   */
  readonly leftLateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * Selects the rows of `table` in which the first column of `index` is `value`, as a table with the name `alias`.
   * `index` has the columns of an index, in their order. Looks up the rows by this index, whatever the statistics of
   * the table are.
   */
  readonly lookup: (index: readonly Sql[], table: string, alias: string, value: Sql) => Sql;
  /** Column that identifies a row at the lowest cost. Its values are valid only within one statement. */
  readonly rowKey: Sql;
  /**
   * Composes a column for which SQLite uses no index. On PostgreSQL, the planner decides, so the column is unchanged.
   */
  readonly unindexed: (column: Sql) => Sql;
  /**
   * Tests whether `value` is in the result of `query`, a subquery with few rows that is independent of the outer query.
   */
  readonly inSubquery: (value: Sql, query: Sql) => Sql;
  /**
   * Returns a limit that is 0 when `condition` is true. On PostgreSQL, which skips a scan by such a condition in its WHERE
   * clause, the limit is unchanged, because the planner needs its value.
   */
  readonly limitUnless: (condition: Sql, limit: Sql) => Sql;
  /** Converts a column of an enumeration to a text that is ordered by code point. */
  readonly textOfChoice: (column: Sql) => Sql;
  /** Tests whether a text column holds a text or null. SQLite can store values of other types in such a column. */
  readonly isText: (column: Sql) => Sql;
  /** Selects the elements of `list`, a JSON array of texts, as one column. */
  readonly jsonArrayElements: (list: Sql) => Sql;
  /** Converts `rows`, a JSON array of arrays, to a table with the name `alias`. */
  readonly jsonRecordSet: (rows: Sql, alias: string, columns: RecordColumns) => Sql;
  /** Converts `object`, a JSON object of texts, to a table with the name `alias` and the columns key and value. */
  readonly jsonObjectEntries: (object: Sql, alias: string) => Sql;
  /** Converts a time in milliseconds since 1970 to the stored form. */
  readonly fromMs: (ms: Sql) => Sql;
  /** Converts a stored time to milliseconds since 1970. */
  readonly toMs: (time: Sql) => Sql;
  /** Computes the time of a change: `nowMs`, or one millisecond after the stored time `previous` if that is later. */
  readonly nextTime: (previous: Sql, nowMs: Sql) => Sql;
  /** Converts 0 or 1 to a stored boolean. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Tests whether `text` contains `part` exactly. Uses an index of `text` if there is one. */
  readonly containsIndexed: (text: Sql, part: TextPart) => Sql;
  /** Tests whether `text` contains `part` exactly. Uses no index: another condition has already selected the rows. */
  readonly containsUnindexed: (text: Sql, part: TextPart) => Sql;
  /**
   * Selects the ids of the agents whose folded name contains `part`, by the substring index if `part` is long enough.
   */
  readonly agentsNamed: (part: TextPart) => Sql;
  /** Tests whether the stored text, which may be too long for an index, equals `text`. */
  readonly equalsLongText: (stored: Sql, text: Sql) => Sql;
  /**
   * Composes the condition that a row `m` of a metadata table has this key and value. On PostgreSQL, an ORDER BY
   * follows the condition, so that the index finds the rows whatever the statistics of the table are.
   */
  readonly isMetadataEntry: (key: Sql, value: Sql) => Sql;
  /** Sort expressions for the order of a stored text, which may be too long for an index. */
  readonly orderByLongText: (stored: Sql) => readonly Sql[];
  /** Converts a column of any type to an element of a JSON array. */
  readonly jsonElement: (column: Sql) => Sql;
  /** Composes a JSON array of the values of `columns`. */
  readonly jsonArray: (columns: readonly Sql[]) => Sql;
  /** Aggregates `element` into a JSON array, sorted by `order`; an empty array without rows. */
  readonly jsonArrayAggregate: (element: Sql, order: Sql) => Sql;
  /**
   * Aggregates metadata into a JSON object, sorted by key; an empty object without rows. `entries` is the metadata
   * table with the alias `m`, followed by its WHERE clause. The primary key of the table yields the entries in this
   * order.
   */
  readonly jsonObjectAggregate: (entries: Sql) => Sql;
}

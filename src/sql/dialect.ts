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
  /** Composes a bound parameter for the result of `derive` for the text, or for the text itself without `derive`. */
  readonly bind: (derive?: (part: string) => string) => Sql;
}

/** Reports whether a text is long enough for the substring indexes. */
export function isIndexedPart(part: string): boolean {
  // A code point has one or two UTF-16 units.
  return part.length >= 2 * shortestIndexedPart || Array.from(part).length >= shortestIndexedPart;
}

/**
 * Shared lock of the transactions that take numbers from an ascending sequence. It tells readers up to which number all
 * transactions have ended. No two holders wait for each other.
 */
export interface SequenceLock {
  /**
   * Composes a query that takes the lock until the end of the transaction. Its key is not greater than any number that
   * the transaction takes afterwards.
   */
  readonly acquire: (sequence: string) => Sql;
  /**
   * Composes a query of the keys that are held now: one column, and one row for each key, or one null. Its second column
   * is true when the server is a standby, which does not know the locks of the primary.
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
   * True when several transactions may write at the same time, so that rows have to be locked before a decision depends
   * on them.
   */
  readonly usesRowLocks: boolean;
  /**
   * Composes a query that takes the advisory lock `name` until the end of the transaction. Only later statements see
   * what the previous holder of the lock has committed. Undefined on an engine where only one transaction can write at
   * a time.
   */
  readonly advisoryLock: ((name: Sql) => Sql) | undefined;
  /** Composes a query that takes the same lock if it is free, and returns whether it was. */
  readonly tryAdvisoryLock: ((name: Sql) => Sql) | undefined;
  /** Undefined on an engine where one transaction writes at a time, so that numbers become visible in ascending order. */
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
  /** Column that identifies a row within one statement at the lowest cost. */
  readonly rowKey: Sql;
  /** Composes a column that no index is used for. PostgreSQL chooses by its statistics, and gets the column itself. */
  readonly unindexed: (column: Sql) => Sql;
  /**
   * Tests whether `value` is in the result of a subquery that returns few values and does not depend on the outer
   * query.
   */
  readonly inSubquery: (value: Sql, query: Sql) => Sql;
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
  /** Computes the time of a change: now, or one millisecond after the `previous` stored time if that is later. */
  readonly nextTime: (previous: Sql, nowMs: Sql) => Sql;
  /** Converts 0 or 1 to a stored boolean. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Tests whether `text` contains `part` exactly. Uses an index of `text` if there is one. */
  readonly containsIndexed: (text: Sql, part: TextPart) => Sql;
  /** Tests whether `text` contains `part` exactly, without an index, for rows that another condition selects. */
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
   * Aggregates metadata into a JSON object, sorted by key; an empty object without rows. `entries` is the table of the
   * entries with the alias `m`, followed by its WHERE clause. The primary key of the table yields the entries in order.
   */
  readonly jsonObjectAggregate: (entries: Sql) => Sql;
}

import type { EnumerationName } from './model';
import type { Sql } from './sql';

/**
 * Type of a column of a record set that is read from JSON. `enumeration` is the name of an enumeration of the Prisma
 * schema.
 */
export type RecordColumnType = 'text' | 'integer' | 'boolean' | 'time' | { readonly enumeration: EnumerationName };

/** Minimum length in code points of a text that the substring indexes of both engines can find. */
export const shortestIndexedPart = 3;

/** Text that a query searches for as a part of other texts. */
export interface TextPart {
  /**
   * True when the text has at least {@link shortestIndexedPart} code points, so that the substring indexes can find it.
   */
  readonly isIndexed: boolean;
  /**
   * Composes a bound parameter with the result of `derive` for the searched text. Without `derive`, binds the text
   * itself.
   */
  readonly bind: (derive?: (part: string) => string) => Sql;
}

/** Reports whether a text is long enough for the substring indexes. */
export function isIndexedPart(part: string): boolean {
  // Counts the code points only in a short text: a code point has at most two UTF-16 code units.
  return part.length >= 2 * shortestIndexedPart || Array.from(part).length >= shortestIndexedPart;
}

/**
 * Shared lock that a transaction takes before it takes numbers from an ascending sequence. Transactions do not wait for
 * each other. The keys of the held locks show a reader up to which number all transactions have ended.
 */
export interface SequenceLock {
  /**
   * Composes a query that takes the sequence lock until the end of the transaction. The key of the lock is less than
   * every number that the transaction takes afterwards.
   */
  readonly acquire: (sequence: string) => Sql;
  /**
   * Composes a query that returns the keys of the held sequence locks, one row for each key. Returns one row with null
   * when no lock is held. The second column is true when the server is a standby: a standby does not know the locks of
   * the primary.
   */
  readonly heldKeys: (sequence: string) => Sql;
}

/** Parts of a query that returns no rows when a condition is true. */
export interface NoRows {
  /** Conditions for the WHERE clause of the query. */
  readonly conditions: readonly Sql[];
  /** Returns the limit of the query in place of `limit`. */
  readonly limitTo: (limit: Sql) => Sql;
}

/** Names and types of the columns of a record set, in the order of the values in each row. */
export type RecordColumns = Readonly<Record<string, RecordColumnType>>;

/**
 * SQL that differs between SQLite and PostgreSQL. A list, or a set of rows, is one bound parameter of JSON text. So the
 * text of a statement does not depend on the number of elements or rows.
 */
export interface Dialect {
  /**
   * True when several transactions can write at the same time. Then a transaction has to lock rows that it reads in
   * order to decide what to write.
   */
  readonly usesRowLocks: boolean;
  /**
   * True when the engine plans a join by the estimated number of rows of each table. It cannot estimate the rows of a
   * materialized table, so it may read a whole other table to join it with a few rows.
   */
  readonly guessesJoinSizes: boolean;
  /**
   * Composes a query that takes the advisory lock `name` until the end of the transaction. After a wait for another
   * transaction, only later statements see the changes which that transaction has committed. Undefined on an engine
   * with one writer at a time.
   */
  readonly advisoryLock: ((name: Sql) => Sql) | undefined;
  /** Composes a query that takes the advisory lock `name` if it is free, and returns whether the lock was free. */
  readonly tryAdvisoryLock: ((name: Sql) => Sql) | undefined;
  /**
   * Lock for the numbers of the change feed. Undefined on an engine with one writer at a time, because numbers become
   * visible in ascending order there.
   */
  readonly sequenceLock: SequenceLock | undefined;
  /**
   * Joins the row of `table` whose `column` is `value`, with the alias `alias`. The engine looks up this row once for
   * each row to the left of the join. The order of those rows is kept. The query planner cannot choose another plan.
   */
  readonly lateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * Joins the row of `table` whose `column` is `value`, with the alias `alias`; NULLs when there is no such row. The
   * engine looks up the row by the unique index that begins with `column`, even if the statistics of the table are
   * outdated.
   */
  readonly leftLateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * Selects the rows of `table` in which the first column of `index` is `value`, as a table with the name `alias`.
   * `index` lists the columns of an index, in their order. The engine searches the rows by this index, even if the
   * statistics of the table are outdated.
   */
  readonly lookup: (index: readonly Sql[], table: string, alias: string, value: Sql) => Sql;
  /**
   * Column that identifies a row at the lowest cost, such as `rowid` on SQLite. Its values are valid only within one
   * statement.
   */
  readonly rowKey: Sql;
  /**
   * Composes a form of the column that prevents SQLite from using an index of it. On PostgreSQL, the column is
   * unchanged, because its planner chooses well.
   */
  readonly unindexed: (column: Sql) => Sql;
  /**
   * Composes a test whether `value` is in the result of `query`. The result must have few rows, and must not depend on
   * the outer query.
   */
  readonly inSubquery: (value: Sql, query: Sql) => Sql;
  /**
   * Composes the parts of a query that returns no rows, and reads none, when `condition` is true. On SQLite, the
   * condition is part of the limit, because SQLite would evaluate a condition of WHERE for each row. On PostgreSQL, it
   * is part of WHERE, because the planner needs the value of the limit.
   */
  readonly noRowsIf: (condition: Sql) => NoRows;
  /** Converts a column of an enumeration to a text that is ordered by code point. */
  readonly textOfChoice: (column: Sql) => Sql;
  /** Composes a test whether a text column contains a text or null. SQLite can store other types in such a column. */
  readonly isText: (column: Sql) => Sql;
  /** Converts the ids that `query` selects, as its column `id`, to one value: an array. */
  readonly idArray: (query: Sql) => Sql;
  /** Converts `array`, made by {@link idArray}, or null, to a table `alias` with the column `id`. */
  readonly idArrayElements: (array: Sql, alias: string) => Sql;
  /** Selects the elements of `list`, a JSON array of texts, as one column. */
  readonly jsonArrayElements: (list: Sql) => Sql;
  /** Converts `rows`, a JSON array of arrays, to a table with the name `alias`. */
  readonly jsonRecordSet: (rows: Sql, alias: string, columns: RecordColumns) => Sql;
  /** Converts `object`, a JSON object of texts, to a table with the name `alias` and the columns key and value. */
  readonly jsonObjectEntries: (object: Sql, alias: string) => Sql;
  /** Converts a time in milliseconds since 1970 to the form in which the engine stores it. */
  readonly fromMs: (ms: Sql) => Sql;
  /** Converts a stored time to milliseconds since 1970. */
  readonly toMs: (time: Sql) => Sql;
  /** Computes the time of a change: `nowMs`, or the stored time `previous` plus one millisecond if that is later. */
  readonly nextTime: (previous: Sql, nowMs: Sql) => Sql;
  /** Converts 0 or 1 to the form in which the engine stores a boolean. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Composes a test whether `text` contains `part` exactly. Uses the substring index of `text` if there is one. */
  readonly containsIndexed: (text: Sql, part: TextPart) => Sql;
  /**
   * Composes a test whether `text` contains `part` exactly, without an index. Use it for rows that another condition
   * has already selected.
   */
  readonly containsUnindexed: (text: Sql, part: TextPart) => Sql;
  /**
   * Selects the ids of the agents whose lower-case name contains `part`. Uses the substring index if `part` is long
   * enough.
   */
  readonly agentsNamed: (part: TextPart) => Sql;
  /** Composes a test whether a stored text equals `text`. The stored text may be too long for an index. */
  readonly equalsLongText: (stored: Sql, text: Sql) => Sql;
  /**
   * Composes a test whether a row `m` of a metadata table has this key and value. On PostgreSQL, the result ends with
   * an ORDER BY, which makes the engine use the index, even if the statistics of the table are outdated.
   */
  readonly isMetadataEntry: (key: Sql, value: Sql) => Sql;
  /** Returns the sort expressions for ordering by a stored text. The text may be too long for an index. */
  readonly orderByLongText: (stored: Sql) => readonly Sql[];
  /** Converts a column of any type to an element of a JSON array. */
  readonly jsonElement: (column: Sql) => Sql;
  /** Composes a JSON array of the values of `columns`. */
  readonly jsonArray: (columns: readonly Sql[]) => Sql;
  /**
   * Aggregates `element` into a JSON array; an empty array when there are no rows. Without `order`, the elements are in
   * no particular order.
   */
  readonly jsonArrayAggregate: (element: Sql, order?: Sql) => Sql;
  /**
   * Aggregates metadata into a JSON object, sorted by key; an empty object when there are no rows. `entries` is the
   * metadata table with the alias `m`, followed by its WHERE clause. No sort is needed, because the primary key yields
   * the entries in this order.
   */
  readonly jsonObjectAggregate: (entries: Sql) => Sql;
}

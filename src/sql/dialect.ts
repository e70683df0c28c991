import type { Sql } from './sql';

/**
 * Type of a column of a record set, read from its JSON: a value that is not a keyword names an enumeration in the
 * schema.
 */
export type RecordColumnType = 'text' | 'integer' | 'boolean' | 'time' | { readonly enumeration: EnumerationName };

type EnumerationName =
  | 'AgentStatus'
  | 'CertificateStatus'
  | 'ChangeEntity'
  | 'ChangeKind'
  | 'HealthStatus'
  | 'SecurityEventEntryKind'
  | 'SecuritySeverity';

/** Minimum number of code points of a text that the substring indexes of both engines can find. */
export const shortestIndexedPart = 3;

/** A text to look for in others. */
export interface TextPart {
  /** True when it is long enough for the substring indexes: {@link shortestIndexedPart}. */
  readonly isIndexed: boolean;
  /** Binds a parameter to the text, or to a value that is derived from it. */
  readonly bind: (derive?: (part: string) => string) => Sql;
}

/** Reports whether a text is long enough for the substring indexes. */
export function isIndexedPart(part: string): boolean {
  // A code point is one unit or two.
  return part.length >= 2 * shortestIndexedPart || Array.from(part).length >= shortestIndexedPart;
}

/** The columns of a record set, in the order of the values in each of its rows. */
export type RecordColumns = Readonly<Record<string, RecordColumnType>>;

/**
 * All that the SQL of one engine has and another's has not. Whatever is not here reads the same on each of them. Lists
 * and sets of rows travel as one parameter of JSON text, so a statement's text does not depend on how many there are.
 */
export interface Dialect {
  /**
   * True when several transactions may write at once, so that rows have to be locked before a decision depends on them.
   */
  readonly usesRowLocks: boolean;
  /**
   * A query that waits until no other transaction is left that has asked for a turn of the same name. Only a later
   * statement sees what it has waited for. Undefined where one transaction writes at a time.
   */
  readonly advisoryLock: ((turn: Sql) => Sql) | undefined;
  /**
   * Adds to the tables of a query the row of `table` whose `column` is `value`, under the name `alias`: looked up for each
   * row that there is so far, in their order, whatever the planner takes for quicker.
   */
  readonly lateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * Adds the row of `table` whose `column` is `value`, or NULLs when there is no such row. It is looked up by the unique
   * index that begins with `column`, whatever the statistics of the table are.
   */
  readonly leftLateralLookup: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /**
   * The rows of `table` whose first column of `index` is `value`, as a table under the name `alias`. They are looked up
   * by the index of these columns, whatever the statistics of the table are.
   */
  readonly lookup: (index: readonly Sql[], table: string, alias: string, value: Sql) => Sql;
  /** The column by which a row is found again the quickest within one statement. */
  readonly rowKey: Sql;
  /** Tests whether `value` is one of the values of `query`, which are few and the same for all rows. */
  readonly inSubquery: (value: Sql, query: Sql) => Sql;
  /** Tests whether a text column holds a text or null, where the engine does not enforce it. */
  readonly isText: (column: Sql) => Sql;
  /** The SHA-256 of a text in UTF-8, in hexadecimal. Undefined where the engine has none. */
  readonly sha256: ((text: Sql) => Sql) | undefined;
  /** The elements of `list`, a JSON array of texts, as a query of one column. */
  readonly jsonArrayElements: (list: Sql) => Sql;
  /** The rows of `rows`, a JSON array of arrays, as a table under the name `alias`. */
  readonly jsonRecordSet: (rows: Sql, alias: string, columns: RecordColumns) => Sql;
  /** The entries of `object`, a JSON object of texts, as a table under the name `alias` with columns key and value. */
  readonly jsonObjectEntries: (object: Sql, alias: string) => Sql;
  /** A point in time, given in milliseconds since 1970, as the engine stores it. */
  readonly fromMs: (ms: Sql) => Sql;
  /** A stored point in time, in milliseconds since 1970. */
  readonly toMs: (time: Sql) => Sql;
  /** Time that a change sets: now, or one millisecond after the `previous` stored time if that is later. */
  readonly nextTime: (previous: Sql, nowMs: Sql) => Sql;
  /** A truth value, given as 0 or 1, as the engine stores it. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Tests whether `text` contains `part` exactly. Uses an index of `text` if there is one. */
  readonly containsIndexed: (text: Sql, part: TextPart) => Sql;
  /** Tests the same for rows that another condition selects: it uses no index. */
  readonly containsUnindexed: (text: Sql, part: TextPart) => Sql;
  /** The agents `id` whose name contains `part`, which is folded: by the search index where that knows of it. */
  readonly agentsNamed: (part: TextPart) => Sql;
  /** Tests whether the stored text, which may be too long for an index, equals `text`. */
  readonly equalsLongText: (stored: Sql, text: Sql) => Sql;
  /** Sort expressions for the order of a stored text, which may be too long for an index. */
  readonly orderByLongText: (stored: Sql) => readonly Sql[];
  /** Converts a column of any type to an element of a JSON array. */
  readonly jsonElement: (column: Sql) => Sql;
  /** A JSON array of the values of `columns`. */
  readonly jsonArray: (columns: readonly Sql[]) => Sql;
  /** An aggregate: a JSON array of the values of `element`, which `order` sorts; of no rows, an empty array. */
  readonly jsonArrayAggregate: (element: Sql, order: Sql) => Sql;
  /**
   * A JSON object of entries of metadata: of the JSON texts `value` under the texts `key`, in their order; of no rows, an
   * empty object. `entries` is their table under the name `m` with its condition; its primary key gives them in order.
   */
  readonly jsonObjectAggregate: (entries: Sql) => Sql;
}

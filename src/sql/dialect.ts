import type { Sql } from './sql';

/** How a column of a record set is read from its JSON: what is no word is the name of an enumeration in the schema. */
export type RecordColumnType = 'text' | 'integer' | 'boolean' | 'time' | { readonly enumeration: EnumerationName };

type EnumerationName =
  | 'AgentStatus'
  | 'CertificateStatus'
  | 'ChangeEntity'
  | 'ChangeKind'
  | 'HealthStatus'
  | 'SecurityEventEntryKind'
  | 'SecuritySeverity';

/** The columns of a record set, in the order of the values in each of its rows. */
export type RecordColumns = Readonly<Record<string, RecordColumnType>>;

/**
 * All that the SQL of one engine has and another's has not. Whatever is not here reads the same on each of them. Lists
 * and sets of rows travel as one parameter of JSON text, so a statement's text does not depend on how many there are.
 */
export interface Dialect {
  /** Whether several transactions may write at once, so that rows have to be locked before what is decided by them. */
  readonly hasConcurrentWriters: boolean;
  /**
   * A query that waits until no other transaction is left that has asked for a turn of the same name. Only a later
   * statement sees what it has waited for. Undefined where one transaction writes at a time.
   */
  readonly takeTurn: ((turn: Sql) => Sql) | undefined;
  /** The elements of `list`, a JSON array of texts, as a query of one column. */
  readonly elements: (list: Sql) => Sql;
  /** The rows of `rows`, a JSON array of arrays, as a table under the name `alias`. */
  readonly recordSet: (rows: Sql, alias: string, columns: RecordColumns) => Sql;
  /** The entries of `object`, a JSON object of texts, as a table under the name `alias` with columns key and value. */
  readonly entries: (object: Sql, alias: string) => Sql;
  /** A point in time, given in milliseconds since 1970, as the engine stores it. */
  readonly fromMs: (ms: Sql) => Sql;
  /** A stored point in time, in milliseconds since 1970. */
  readonly toMs: (time: Sql) => Sql;
  /** A truth value, given as 0 or 1, as the engine stores it. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Whether `text` contains `part`, to the letter: by an index of `text` where there is one. */
  readonly contains: (text: Sql, part: string) => Sql;
  /** The same, asked of rows that something else leads to: no index is looked at. */
  readonly holds: (text: Sql, part: string) => Sql;
  /** How many code points a part of a name has at least of which the search index knows something. */
  readonly shortestIndexedPart: number;
  /** The agents `id` whose name contains `part`, which is folded: by that index where it can be. */
  readonly agentsNamed: (part: string) => Sql;
  /** Whether the stored text, which may be too long for an index, is `text`. */
  readonly isLongText: (stored: Sql, text: Sql) => Sql;
  /** What to sort by for the order of a stored text, which may be too long for an index. */
  readonly orderOfLongText: (stored: Sql) => readonly Sql[];
  /** A JSON array of the values of `columns`. */
  readonly jsonArray: (columns: readonly Sql[]) => Sql;
  /** An aggregate: a JSON array of the values of `element`, which `order` sorts; of no rows, an empty array. */
  readonly jsonArrayOf: (element: Sql, order: Sql) => Sql;
  /** An aggregate: a JSON object of the JSON texts `value` under the texts `key`; of no rows, an empty object. */
  readonly jsonObjectOf: (key: Sql, value: Sql) => Sql;
}

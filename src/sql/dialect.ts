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

/** How many code points a text has at least of which the indexes of parts know something: those of both engines. */
export const shortestIndexedPart = 3;

/** A text to look for in others. */
export interface TextPart {
  /** Whether it is long enough for the indexes of parts: {@link shortestIndexedPart}. */
  readonly isIndexed: boolean;
  /** A parameter that is bound to the text, or to what is derived from it. */
  readonly bind: (derive?: (part: string) => string) => Sql;
}

/** Whether a text is long enough for the indexes of parts. */
export function isIndexedPart(part: string): boolean {
  // A code point is one unit or two.
  return part.length >= 2 * shortestIndexedPart || Array.from(part).length >= shortestIndexedPart;
}

/** @param bind - a parameter that is bound to what it is given to derive from the text. */
export function textPart(text: string, bind: (derive: (part: string) => string) => Sql): TextPart {
  return { isIndexed: isIndexedPart(text), bind: (derive = (part) => part) => bind(derive) };
}

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
  /**
   * Adds to the tables of a query the row of `table` whose `column` is `value`, under the name `alias`: looked up for each
   * row that there is so far, in their order, whatever the planner takes for quicker.
   */
  readonly joinBy: (column: Sql, table: string, alias: string, value: Sql) => Sql;
  /** The column by which a row is found again the quickest within one statement. */
  readonly rowKey: Sql;
  /** Whether `value` is one of the values of `query`, which are few and the same for all rows. */
  readonly isAmong: (value: Sql, query: Sql) => Sql;
  /** Whether a column of text holds one, or nothing: what the engine does not see to by itself. */
  readonly isText: (column: Sql) => Sql;
  /** The SHA-256 of a text in UTF-8, in hexadecimal. Undefined where the engine has none. */
  readonly sha256: ((text: Sql) => Sql) | undefined;
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
  /** The time that a change sets: now, or one millisecond after the `previous` stored time if that is later. */
  readonly nextTime: (previous: Sql, nowMs: Sql) => Sql;
  /** A truth value, given as 0 or 1, as the engine stores it. */
  readonly toBoolean: (flag: Sql) => Sql;
  /** Whether `text` contains `part`, to the letter: by an index of `text` where there is one. */
  readonly contains: (text: Sql, part: TextPart) => Sql;
  /** The same, asked of rows that something else leads to: no index is looked at. */
  readonly holds: (text: Sql, part: TextPart) => Sql;
  /** The agents `id` whose name contains `part`, which is folded: by the search index where that knows of it. */
  readonly agentsNamed: (part: TextPart) => Sql;
  /** Whether the stored text, which may be too long for an index, is `text`. */
  readonly isLongText: (stored: Sql, text: Sql) => Sql;
  /** What to sort by for the order of a stored text, which may be too long for an index. */
  readonly orderOfLongText: (stored: Sql) => readonly Sql[];
  /** A column as an element of a JSON array, whatever it holds. */
  readonly jsonElement: (column: Sql) => Sql;
  /** A JSON array of the values of `columns`. */
  readonly jsonArray: (columns: readonly Sql[]) => Sql;
  /** An aggregate: a JSON array of the values of `element`, which `order` sorts; of no rows, an empty array. */
  readonly jsonArrayOf: (element: Sql, order: Sql) => Sql;
  /**
   * A JSON object of entries of metadata: of the JSON texts `value` under the texts `key`, in their order; of no rows, an
   * empty object. `entries` is their table under the name `m` with its condition; its primary key gives them in order.
   */
  readonly jsonObjectOf: (entries: Sql) => Sql;
}

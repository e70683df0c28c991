import {
  shortestIndexedPart as trigramLength,
  type Dialect,
  type RecordColumnType,
  type TextPart,
} from '../../sql/dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { aggregateOrder } from '../../sql/statement';

/**
 * Maximum number of trigrams to search for. They exclude most names; each remaining name is compared with the whole
 * text.
 */
const maxTrigrams = 32;

/** Maximum number of names that contain the rarest trigram. If more names contain it, the search uses all trigrams. */
const rareLimit = 200;

/** Minimum number of names for which a search first finds the rarest trigram. For fewer names, this would be slower. */
const minNamesForRarest = 20_000;

/**
 * Dialect of SQLite: JSON through table-valued functions, times as integer milliseconds, text ordered by its UTF-8
 * bytes.
 */
export const sqliteDialect: Dialect = {
  usesRowLocks: false,
  guessesJoinSizes: false,
  advisoryLock: undefined,
  tryAdvisoryLock: undefined,
  sequenceLock: undefined,
  lateralLookup: (column, table, alias, value) =>
    sql`CROSS JOIN ${raw(table)} ${raw(alias)} ON ${raw(alias)}.${column} = ${value}`,
  leftLateralLookup: (column, table, alias, value) =>
    sql`LEFT JOIN ${raw(table)} ${raw(alias)} ON ${raw(alias)}.${column} = ${value}`,
  lookup: ([column = sql``], table, alias, value) =>
    sql`(SELECT * FROM ${raw(table)} WHERE ${column} = ${value}) AS ${raw(alias)}`,
  rowKey: sql`rowid`,
  unindexed: (column) => sql`+${column}`,
  noRowsIf: (condition) => ({
    conditions: [],
    limitTo: (limit) => sql`CASE WHEN ${condition} THEN 0 ELSE ${limit} END`,
  }),
  textOfChoice: (column) => column,
  isText: (column) => sql`typeof(${column}) IN ('text', 'null')`,
  inSubquery: (value, query) => sql`${value} IN (${query})`,
  idArray: (query) => sql`(SELECT json_group_array(id) FROM (${query}))`,
  idArrayElements: (array, alias) => sql`(SELECT value AS id FROM json_each(${array})) AS ${raw(alias)}`,
  jsonArrayElements: (list) => sql`SELECT value FROM json_each(${list})`,
  jsonRecordSet: (rows, alias, columns) => {
    const fields = Object.entries(columns).map(([name, type], index) => sql`${field(index, type)} AS ${raw(name)}`);
    return sql`(SELECT ${join(fields)} FROM json_each(${rows})) AS ${raw(alias)}`;
  },
  jsonObjectEntries: (object, alias) => sql`json_each(${object}) AS ${raw(alias)}`,
  fromMs: (ms) => ms,
  toMs: (time) => time,
  nextTime: (previous, nowMs) => sql`max(${nowMs}, ${previous} + 1)`,
  toBoolean: (flag) => flag,
  containsIndexed: holds,
  containsUnindexed: holds,
  agentsNamed: (part) => {
    const isNamed = holds(sql`n.name_folded`, part);
    if (!part.isIndexed) return sql`SELECT n.agent_id AS id FROM agent_names n WHERE ${isNamed}`;
    return sql`SELECT n.agent_id AS id FROM agent_names_search s CROSS JOIN agent_names n
      WHERE s.agent_names_search MATCH (${searchFor(part)}) AND n.key = s.rowid AND ${isNamed}`;
  },
  equalsLongText: (stored, text) => sql`${stored} = ${text}`,
  isMetadataEntry: (key, value) => sql`m.key = ${key} AND m.value = ${value}`,
  orderByLongText: (stored) => [stored],
  jsonElement,
  jsonArray: (columns) => sql`json_array(${join(columns.map(jsonElement))})`,
  jsonArrayAggregate: (element, order) => sql`json_group_array(${element}${aggregateOrder(order)})`,
  // Composes the JSON object as text, because `json_group_object` would parse each value and write it again.
  jsonObjectAggregate: (entries) =>
    sql`(SELECT '{' || coalesce(group_concat(${jsonText(sql`m.key`, sql`json_quote(m.key)`)} || ':' ||
      ${jsonText(sql`m.value`, sql`m.value`)}, ','), '') || '}' FROM ${entries})`,
};

// Composes a value for a JSON array. A column without its constraints can contain bytes, which SQLite cannot convert to
// JSON: the whole statement would fail without naming the record. So an invalid number replaces bytes, and reading the
// record reports the fault. This takes 1 % of the time of reading an agent.
function jsonElement(column: Sql): Sql {
  return sql`iif(typeof(${column}) = 'blob', 0.5, ${column})`;
}

// Composes a part of a JSON text. Replaces a value that is not text by `!`, which is not valid JSON. The statement then
// succeeds, and parsing this record reports the fault.
function jsonText(column: Sql, json: Sql): Sql {
  return sql`iif(typeof(${column}) = 'text', ${json}, '!')`;
}

function field(index: number, type: RecordColumnType): Sql {
  const value = sql`value ->> ${raw(String(index))}`;
  return type === 'integer' || type === 'boolean' || type === 'time' ? sql`CAST(${value} AS INTEGER)` : value;
}

// Composes the search terms for the trigrams of a text. Searches for the rarest trigram alone if few names contain it.
// A search for all trigrams reads all of their positions, in time proportional to the number of names. This is faster
// only if there are few names.
function searchFor(part: TextPart): Sql {
  const terms = part.bind(toTerms);
  const few = raw(String(rareLimit));
  const uses = sql`(SELECT count(*) FROM (
    SELECT 1 FROM agent_names_search u WHERE u.agent_names_search MATCH t.value LIMIT ${few} + 1))`;
  const all = sql`(SELECT group_concat(t.value, ' AND ') FROM json_each(${terms}) AS t)`;
  const rarest = sql`(SELECT CASE WHEN rarest_term.uses <= ${few} THEN rarest_term.term END FROM (
    SELECT t.value AS term, ${uses} AS uses FROM json_each(${terms}) AS t ORDER BY uses LIMIT 1) AS rarest_term)`;
  const isLarge = sql`(SELECT max(key) FROM agent_names) > ${raw(String(minNamesForRarest))}`;
  return sql`SELECT coalesce(CASE WHEN ${isLarge} THEN ${rarest} END, ${all})`;
}

function holds(text: Sql, part: TextPart): Sql {
  return sql`instr(${text}, ${part.bind()}) > 0`;
}

// Returns the search terms of a text for MATCH, as a JSON array. Each term is a quoted trigram.
function toTerms(text: string): string {
  const terms = trigramsOf(text).map((trigram) => `"${trigram.replaceAll('"', '""')}"`);
  return JSON.stringify(terms.slice(0, maxTrigrams));
}

/** Returns the trigrams of a text: its sequences of three characters, without duplicates. */
export function trigramsOf(text: string): string[] {
  const points = Array.from(text);
  const trigrams = points
    .slice(trigramLength - 1)
    .map((_, start) => points.slice(start, start + trigramLength).join(''));
  return [...new Set(trigrams)];
}

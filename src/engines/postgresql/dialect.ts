import type { Dialect, RecordColumnType, TextPart } from '../../sql/dialect';
import { lockClass, sequenceLock } from './sequence-lock';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { aggregateOrder } from '../../sql/statement';

/** Number of characters at the beginning of a long text that an index contains. The migrations use the same number. */
const indexedLength = 64;

/** Dialect of PostgreSQL: JSON through jsonb, times as timestamptz(3), text with the collation "C". */
export const postgresqlDialect: Dialect = {
  usesRowLocks: true,
  guessesJoinSizes: true,
  sequenceLock,
  advisoryLock: (name) => sql`SELECT pg_advisory_xact_lock(${raw(lockClass)}, hashtext(${name}))`,
  tryAdvisoryLock: (name) => sql`SELECT pg_try_advisory_xact_lock(${raw(lockClass)}, hashtext(${name}))`,
  // OFFSET 0 prevents the planner from reading the whole table. Otherwise it might, because it overestimates the number
  // of rows.
  lateralLookup: (column, table, alias, value) =>
    sql`CROSS JOIN LATERAL (SELECT * FROM ${raw(table)} WHERE ${column} = ${value} OFFSET 0) AS ${raw(alias)}`,
  leftLateralLookup: (column, table, alias, value) =>
    sql`LEFT JOIN LATERAL (${inIndexOrder([column], table, value)} LIMIT 1) AS ${raw(alias)} ON TRUE`,
  lookup: (index, table, alias, value) => sql`(${inIndexOrder(index, table, value)} OFFSET 0) AS ${raw(alias)}`,
  rowKey: sql`id`,
  unindexed: (column) => column,
  noRowsIf: (condition) => ({ conditions: [sql`NOT (${condition})`], limitTo: (limit) => limit }),
  textOfChoice: (column) => sql`${column}::text COLLATE "C"`,
  isText: () => sql`TRUE`,
  // `= ANY (ARRAY(…))` lets the planner use one index scan for all values.
  inSubquery: (value, query) => sql`${value} = ANY (ARRAY(${query}))`,
  idArray: (query) => sql`ARRAY(${query})`,
  idArrayElements: (array, alias) => sql`unnest(${array}) AS ${raw(alias)}(id)`,
  jsonArrayElements: (list) => sql`SELECT jsonb_array_elements_text(${list}::jsonb)`,
  jsonRecordSet: (rows, alias, columns) => {
    const fields = Object.entries(columns).map(([name, type], index) => sql`${field(index, type)} AS ${raw(name)}`);
    return sql`(SELECT ${join(fields)} FROM jsonb_array_elements(${rows}::jsonb) AS element(value)) AS ${raw(alias)}`;
  },
  jsonObjectEntries: (object, alias) => sql`jsonb_each_text(${object}::jsonb) AS ${raw(alias)}(key, value)`,
  fromMs,
  toMs,
  nextTime: (previous, nowMs) => sql`greatest(${fromMs(nowMs)}, ${previous} + interval '1 millisecond')`,
  toBoolean: (flag) => sql`(${flag}::integer = 1)`,
  containsIndexed: contains,
  containsUnindexed: holds,
  agentsNamed: (part) => sql`SELECT n.id FROM agents n WHERE ${contains(sql`n.name_folded`, part)}`,
  equalsLongText: (stored, text) => {
    const length = raw(String(indexedLength));
    return sql`left(${stored}, ${length}) = left(${text}, ${length}) AND ${stored} = ${text}`;
  },
  isMetadataEntry: (key, value) => {
    const length = raw(String(indexedLength));
    const stored = sql`m.key, left(m.value, ${length})`;
    const wanted = sql`${key}, left(${value}, ${length})`;
    return sql`(${stored}) >= (${wanted}) AND (${stored}) <= (${wanted}) AND m.value = ${value} ORDER BY ${stored}`;
  },
  orderByLongText: (stored) => [sql`left(${stored}, ${raw(String(indexedLength))})`, stored],
  jsonElement: (column) => column,
  jsonArray: (columns) => sql`json_build_array(${join(columns)})`,
  jsonArrayAggregate: (element, order) => sql`coalesce(json_agg(${element}${aggregateOrder(order)}), '[]'::json)`,
  // Composes the JSON object as text, because the values already are JSON texts. The subquery reads the entries in the
  // order of the index, so that no sort is necessary.
  jsonObjectAggregate: (entries) =>
    sql`(SELECT '{' || coalesce(string_agg(to_json(m.key)::text || ':' || m.value, ','), '') || '}'
      FROM (SELECT m.key, m.value FROM ${entries} ORDER BY m.key OFFSET 0) AS m)`,
};

// Composes a query of the rows with one value, in the order of `index`. The range and the order make the planner use
// this index: it does not know that the range contains only one value, so every other plan needs a sort. `hasValue`
// explains why the index is necessary.
function inIndexOrder(index: readonly Sql[], table: string, value: Sql): Sql {
  const [first = sql``] = index;
  return sql`SELECT * FROM ${raw(table)} WHERE ${first} >= ${value} AND ${first} <= ${value} ORDER BY ${join(index)}`;
}

// Does not use LIKE for a text that is too short for a trigram, because LIKE would then read the whole index.
function contains(text: Sql, part: TextPart): Sql {
  return part.isIndexed ? sql`${text} LIKE ${part.bind(toPattern)}` : holds(text, part);
}

function toPattern(part: string): string {
  return `%${part.replace(/[\\%_]/g, '\\$&')}%`;
}

function holds(text: Sql, part: TextPart): Sql {
  return sql`strpos(${text}, ${part.bind()}) > 0`;
}

// Rounds the time to milliseconds by a cast, because the quotient is a fraction.
function fromMs(ms: Sql): Sql {
  return sql`to_timestamp(${ms}::double precision / 1000)::timestamptz(3)`;
}

// Returns an integer, because the setting extra_float_digits could remove the last digits of a fraction. An infinite
// time, which this package never stores, becomes a number that every read rejects.
function toMs(time: Sql): Sql {
  return sql`CASE WHEN NOT isfinite(${time}) THEN 9223372036854775807
    ELSE round(date_part('epoch', ${time}) * 1000)::bigint END`;
}

function field(index: number, type: RecordColumnType): Sql {
  const value = sql`value ->> ${raw(String(index))}`;
  if (type === 'text') return value;
  if (type === 'integer') return sql`(${value})::integer`;
  if (type === 'boolean') return sql`(${value} = '1')`;
  if (type === 'time') return fromMs(sql`(${value})`);
  return sql`(${value})::${raw(`"${type.enumeration}"`)}`;
}

import type { Row } from '../../sql/statement';

/**
 * State of the counter that numbers the changes of the feed.
 *
 * - `behind`: the counter would assign a number that exists, for example after rows were copied without their sequence.
 * - `unordered`: the counter does not assign numbers in ascending order.
 * - `missing`: the table has no counter.
 * - `hidden`: the database role may not read the counter.
 */
export type FeedCounterState = 'sound' | 'behind' | 'unordered' | 'missing' | 'hidden';

type Query = (sql: string) => Promise<readonly Row[]>;

// pg_get_serial_sequence returns a quoted name, qualified with the schema.
const counterSql = `SELECT name, has_sequence_privilege(name, 'SELECT')
  FROM (SELECT pg_get_serial_sequence('changes', 'sequence') AS name) AS counter`;

// Composes a query that tests the order of the numbers. A sequence with a cache would not keep the order: each session
// would take many numbers in advance, and would assign them after greater numbers of other sessions.
const highestSql = `SELECT greatest((SELECT max(sequence) FROM changes), (SELECT max(sequence) FROM change_prunings))`;

// With a cache, each session would take many numbers in advance, and would assign them after greater numbers of other
// sessions.
function orderSql(name: string): string {
  return `SELECT seqcache = 1 AND seqincrement > 0 AND NOT seqcycle FROM pg_sequence
    WHERE seqrelid = '${name.replaceAll("'", "''")}'::regclass`;
}

/** Compares the counter with the stored changes. */
export async function inspectFeedCounter(query: Query): Promise<FeedCounterState> {
  const { name, isReadable } = await findCounter(query);
  if (name === undefined) return 'missing';
  const [[isOrdered] = []] = await query(orderSql(name));
  if (isOrdered !== true) return 'unordered';
  if (!isReadable) return 'hidden';
  const [[isBehind] = []] = await query(`SELECT (${nextNumber(name)}) <= (${highestSql})`);
  return isBehind === true ? 'behind' : 'sound';
}

/**
 * Moves the counter forward to the highest stored number. Does nothing when the counter is not behind. Runs in one
 * transaction, which blocks every writer of the feed.
 */
export async function repairFeedCounter(query: Query): Promise<void> {
  const { name } = await findCounter(query);
  if (name === undefined) return;
  await query('BEGIN ISOLATION LEVEL READ COMMITTED');
  // The lock blocks every INSERT into the feed, but no reader.
  await query('LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE');
  await query(`SELECT setval('${name.replaceAll("'", "''")}', last) FROM (${highestSql}) AS stored(last)
    WHERE (${nextNumber(name)}) <= last`);
  await query('COMMIT');
}

async function findCounter(query: Query): Promise<{ readonly name: string | undefined; readonly isReadable: boolean }> {
  const [[name, isReadable] = []] = await query(counterSql);
  return { name: typeof name === 'string' ? name : undefined, isReadable: isReadable === true };
}

// Reads the sequence as a table. The column last_value of the view pg_sequences is null until the sequence has assigned
// a number.
function nextNumber(name: string): string {
  return `SELECT last_value + is_called::integer FROM ${name}`;
}

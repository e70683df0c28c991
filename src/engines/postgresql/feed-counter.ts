import type { Row } from '../../sql/statement';

/**
 * State of the sequence that assigns the numbers of the change feed.
 *
 * - `sound`: the sequence has no fault.
 * - `behind`: the sequence would assign a number that exists, for example after rows were copied without the sequence.
 * - `unordered`: the sequence does not assign numbers in ascending order.
 * - `missing`: the table of the change feed has no sequence.
 * - `hidden`: the database role may not read the sequence.
 */
export type FeedCounterState = 'sound' | 'behind' | 'unordered' | 'missing' | 'hidden';

type Query = (sql: string) => Promise<readonly Row[]>;

// Selects the name of the sequence, quoted and qualified with the schema, and whether the role may read the sequence.
const counterSql = `SELECT name, has_sequence_privilege(name, 'SELECT')
  FROM (SELECT pg_get_serial_sequence('changes', 'sequence') AS name) AS counter`;

// Selects the highest number of the change feed, including pruned changes.
const highestSql = `SELECT greatest((SELECT max(sequence) FROM changes), (SELECT max(sequence) FROM change_prunings))`;

// Composes a query that tests whether the sequence assigns ascending numbers. With a cache, each session would take
// many numbers in advance, and would assign them after greater numbers of other sessions.
function orderSql(name: string): string {
  return `SELECT seqcache = 1 AND seqincrement > 0 AND NOT seqcycle FROM pg_sequence
    WHERE seqrelid = '${name.replaceAll("'", "''")}'::regclass`;
}

/** Compares the sequence of the change feed with the stored changes. */
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
 * Moves the sequence of the change feed forward to the highest stored number. Does nothing when the sequence is not
 * behind. Runs in one transaction, which blocks every writer of the feed.
 */
export async function repairFeedCounter(query: Query): Promise<void> {
  const { name } = await findCounter(query);
  if (name === undefined) return;
  await query('BEGIN ISOLATION LEVEL READ COMMITTED');
  // Blocks every INSERT into the change feed, but no reader.
  await query('LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE');
  await query(`SELECT setval('${name.replaceAll("'", "''")}', last) FROM (${highestSql}) AS stored(last)
    WHERE (${nextNumber(name)}) <= last`);
  await query('COMMIT');
}

async function findCounter(query: Query): Promise<{ readonly name: string | undefined; readonly isReadable: boolean }> {
  const [[name, isReadable] = []] = await query(counterSql);
  return { name: typeof name === 'string' ? name : undefined, isReadable: isReadable === true };
}

// Composes a query of the next number of the sequence. Reads the sequence as a table, because `last_value` in the view
// pg_sequences is null until the sequence has assigned a number.
function nextNumber(name: string): string {
  return `SELECT last_value + is_called::integer FROM ${name}`;
}

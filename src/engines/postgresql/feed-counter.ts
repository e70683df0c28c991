import type { Row } from '../../sql/statement';

/**
 * Result of comparing the counter of the change feed with the stored changes. `behind`: the counter would assign a
 * number that exists, for example after rows were copied without their sequences. `unordered`: the counter does not
 * assign numbers in ascending order. `missing`: the table has no counter. `hidden`: the role may not read the counter.
 */
export type FeedCounterState = 'sound' | 'behind' | 'unordered' | 'missing' | 'hidden';

type Query = (sql: string) => Promise<readonly Row[]>;

// pg_get_serial_sequence returns a quoted name that is qualified with its schema.
const counterSql = `SELECT name, has_sequence_privilege(name, 'SELECT')
  FROM (SELECT pg_get_serial_sequence('changes', 'sequence') AS name) AS counter`;

// Includes pruned changes, because their numbers must not be assigned again: a follower may have read them.
const highestSql = `SELECT greatest((SELECT max(sequence) FROM changes), (SELECT max(sequence) FROM change_prunings))`;

// With a cache, each session would take many numbers at once, and assign them after another session's greater numbers.
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
 * Moves the counter forward to the highest stored number, in one transaction that blocks every writer of the feed. Does
 * nothing when the counter is not behind.
 */
export async function repairFeedCounter(query: Query): Promise<void> {
  const { name } = await findCounter(query);
  if (name === undefined) return;
  await query('BEGIN ISOLATION LEVEL READ COMMITTED');
  // Conflicts with the lock that each INSERT takes. Readers are not blocked.
  await query('LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE');
  await query(`SELECT setval('${name.replaceAll("'", "''")}', last) FROM (${highestSql}) AS stored(last)
    WHERE (${nextNumber(name)}) <= last`);
  await query('COMMIT');
}

async function findCounter(query: Query): Promise<{ readonly name: string | undefined; readonly isReadable: boolean }> {
  const [[name, isReadable] = []] = await query(counterSql);
  return { name: typeof name === 'string' ? name : undefined, isReadable: isReadable === true };
}

// Reads the sequence like a table: pg_sequences.last_value is null when the sequence has assigned no number since it
// was created or restarted.
function nextNumber(name: string): string {
  return `SELECT last_value + is_called::integer FROM ${name}`;
}

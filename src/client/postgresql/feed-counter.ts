import type { Row } from '../../sql/statement';

/**
 * How the counter of the change feed compares with the stored changes: `behind` when it would give a number that exists,
 * as after rows were copied without their sequences; `missing` when the table has none; `hidden` when the role may not
 * read it.
 */
export type FeedCounterState = 'sound' | 'behind' | 'missing' | 'hidden';

type Query = (sql: string) => Promise<readonly Row[]>;

// The name comes quoted, with its schema.
const counterSql = `SELECT name, has_sequence_privilege(name, 'SELECT')
  FROM (SELECT pg_get_serial_sequence('changes', 'sequence') AS name) AS counter`;

// What was pruned counts, too: a follower must not see its numbers again.
const highestSql = `SELECT greatest((SELECT max(sequence) FROM changes), (SELECT max(sequence) FROM change_prunings))`;

/** Compares the counter with what is stored. */
export async function inspectFeedCounter(query: Query): Promise<FeedCounterState> {
  const { name, isReadable } = await findCounter(query);
  if (name === undefined) return 'missing';
  if (!isReadable) return 'hidden';
  const [[isBehind] = []] = await query(`SELECT (${nextNumber(name)}) <= (${highestSql})`);
  return isBehind === true ? 'behind' : 'sound';
}

/**
 * Moves the counter forward to the highest stored number, in one transaction that makes every writer of the feed wait. Does
 * nothing when the counter is not behind.
 *
 * @param lock - takes the lock of the feed until the end of the transaction.
 */
export async function repairFeedCounter(query: Query, lock: string): Promise<void> {
  const { name } = await findCounter(query);
  if (name === undefined) return;
  await query('BEGIN ISOLATION LEVEL READ COMMITTED');
  await query(lock);
  await query(`SELECT setval('${name.replaceAll("'", "''")}', last) FROM (${highestSql}) AS stored(last)
    WHERE (${nextNumber(name)}) <= last`);
  await query('COMMIT');
}

async function findCounter(query: Query): Promise<{ readonly name: string | undefined; readonly isReadable: boolean }> {
  const [[name, isReadable] = []] = await query(counterSql);
  return { name: typeof name === 'string' ? name : undefined, isReadable: isReadable === true };
}

// pg_sequences.last_value is null for a counter that has given no number since it was made or restarted.
function nextNumber(name: string): string {
  return `SELECT last_value + is_called::integer FROM ${name}`;
}

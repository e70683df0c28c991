import type { DriverConnection } from './driver/driver';
import type { SqliteDatabase } from './database';

const lastGiven = "coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'changes'), 0)";
// Selects the highest number of the change feed, including pruned entries. A reader may have read these entries, so
// their numbers must not be assigned again.
const lastStored =
  'max(coalesce((SELECT max(sequence) FROM changes), 0), coalesce((SELECT max(sequence) FROM change_prunings), 0))';

/** Reports whether the counter of the change feed is behind the highest assigned number. */
export function isFeedCounterBehind(driver: DriverConnection): boolean {
  return driver.prepare(`SELECT ${lastGiven} < ${lastStored}`).pluck().get() !== 0;
}

/**
 * Moves the counter of the change feed forward to the highest assigned number. Does nothing when the counter is not
 * behind.
 */
export async function repairFeedCounter(database: SqliteDatabase): Promise<void> {
  if (!(await database.withReader(({ driver }) => isFeedCounterBehind(driver)))) return;
  await database.write(({ driver }) => {
    if (!isFeedCounterBehind(driver)) return;
    driver.exec(`DELETE FROM sqlite_sequence WHERE name = 'changes';
      INSERT INTO sqlite_sequence (name, seq) SELECT 'changes', ${lastStored}`);
  });
}

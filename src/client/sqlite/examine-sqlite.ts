import { examineRecords } from '../../check/examine-records';
import type { Findings } from '../../check/findings';
import { examinePart } from '../../check/walk';
import { examineSearchIndex } from './examine-search-index';
import { checkIntegrity } from './integrity-check';
import type { SqliteSettings } from './sqlite-connection';
import { withSnapshot, type SqliteSnapshot } from './sqlite-snapshot';

/** Looks at a whole SQLite database: at the file as SQLite itself does, and at all that is in it. */
export async function examineSqlite(settings: SqliteSettings, findings: Findings): Promise<void> {
  await examinePart('the file', findings, async () => {
    const { damages, failure } = await checkIntegrity(settings.path, settings.busyTimeoutMs);
    for (const message of damages) findings.add({ check: 'storage', message });
    if (failure !== undefined) throw failure;
  });
  // Where not even its schema can be read there is no state to look at.
  await examinePart('the database', findings, () => {
    return withSnapshot(settings, async (snapshot) => {
      await examineRecords(snapshot, findings);
      await examineFeedCounter(snapshot, findings);
      await examineSearchIndex(snapshot, findings);
    });
  });
}

function examineFeedCounter({ connection: { driver } }: SqliteSnapshot, findings: Findings): Promise<void> {
  return examinePart('the feed of changes', findings, () => {
    const isBehind = driver
      .prepare(
        `SELECT coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'changes'), 0) <
          max(coalesce((SELECT max(sequence) FROM changes), 0), coalesce((SELECT max(sequence) FROM change_prunings), 0))`,
      )
      .pluck()
      .get();
    if (isBehind !== 0)
      findings.add({ check: 'change-feed', message: 'the next number of the feed was given already' });
    return Promise.resolve();
  });
}

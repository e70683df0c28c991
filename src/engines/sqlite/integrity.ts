import { feedCounterMessages } from '../../changes/feed-counter-messages';
import { examineRecords } from '../../integrity/check-records';
import type { Findings } from '../../integrity/findings';
import { examinePart } from '../../integrity/walker';
import { isFeedCounterBehind } from './feed-counter';
import { examineSearchIndex } from './search-index-integrity';
import { hardLinkWarning } from './hard-links';
import { checkIntegrity } from './integrity-check';
import type { SqliteSettings } from './connection';
import { withSnapshot, type SqliteSnapshot } from './snapshot';

/** Checks a whole SQLite database: the file by SQLite's own check, and all stored data. */
export async function examineSqlite(settings: SqliteSettings, findings: Findings): Promise<void> {
  const warning = hardLinkWarning(settings.path);
  if (warning !== undefined) findings.warn(warning);
  await examinePart('the file', findings, async () => {
    const { damages, failure } = await checkIntegrity(settings.path, settings.busyTimeoutMs);
    for (const message of damages) findings.add({ check: 'storage', message });
    if (failure !== undefined) throw failure;
  });
  // When even the schema cannot be read, there is no state to check.
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
    if (isFeedCounterBehind(driver)) {
      findings.add({ check: 'change-feed', message: feedCounterMessages.behind });
    }
    return Promise.resolve();
  });
}

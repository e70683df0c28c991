import type { EngineCallbacks } from '../../../storage/engine';
import { feedCounterMessages } from '../../../storage/feed-counter-messages';
import type { FindingSink } from '../../../storage/findings';
import { checkSqlitePart } from './check-part';
import { isFeedCounterBehind } from '../feed-counter';
import { checkSearchIndex } from './check-search-index';
import { hardLinkWarning } from '../hard-links';
import { checkFile } from './check-file';
import type { SqliteSettings } from '../connection';
import { withSnapshot, type SqliteSnapshot } from '../snapshot';

/** Checks a whole SQLite database: the file with SQLite's own check, then all stored data. */
export async function checkSqliteIntegrity(
  settings: SqliteSettings,
  findings: FindingSink,
  checkRecords: EngineCallbacks['checkRecords'],
): Promise<void> {
  const warning = hardLinkWarning(settings.path);
  if (warning !== undefined) findings.warn(warning);
  await checkSqlitePart('the file', findings, async () => {
    const { damages, failure } = await checkFile(settings);
    for (const message of damages) findings.add({ check: 'storage', message });
    if (failure !== undefined) throw failure;
  });
  // Adds only one finding if the schema cannot be read, because no snapshot can be opened then.
  await checkSqlitePart('the database', findings, () => {
    return withSnapshot(settings, async (snapshot) => {
      await checkRecords(snapshot, findings);
      await checkFeedCounter(snapshot, findings);
      await checkSearchIndex(snapshot, findings);
    });
  });
}

function checkFeedCounter({ connection: { driver } }: SqliteSnapshot, findings: FindingSink): Promise<void> {
  return checkSqlitePart('the change feed', findings, () => {
    if (isFeedCounterBehind(driver)) {
      findings.add({ check: 'change-feed', message: feedCounterMessages.behind });
    }
    return Promise.resolve();
  });
}

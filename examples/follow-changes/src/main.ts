import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, isDatabaseError } from 'ans-database';
import { applyChanges, rebuild } from './directory.js';
import { loadDirectory, saveDirectory } from './storage.js';

const path = process.env['DIRECTORY_FILE'] ?? 'directory.json';
const pageSize = 500;
const pollMs = 500;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

await using db = new DatabaseService({ url: process.env['DATABASE_URL'] });
await db.initialize();

let directory = (await loadDirectory(path)) ?? (await rebuild(db));
await saveDirectory(path, directory);
console.log(`following from ${directory.position ?? 'the start'}`);

while (!stop.signal.aborted) {
  try {
    const changes = await db.changes({ after: directory.position, limit: pageSize });
    if (changes.length > 0) {
      await applyChanges(directory, changes, db);
      // The file has the agents and the position: after a crash, the worker resumes at the last saved page.
      await saveDirectory(path, directory);
      console.log(`applied ${changes.length} up to ${directory.position}`);
    }
    // A full page means that more changes are waiting.
    if (changes.length < pageSize) await sleep(pollMs, undefined, { signal: stop.signal }).catch(() => undefined);
  } catch (error) {
    // The feed was pruned beyond the position, or the database was restored from a backup.
    if (!isDatabaseError(error) || error.code !== 'OUT_OF_RANGE') throw error;
    console.log('changes were missed: rebuilding');
    directory = await rebuild(db);
    await saveDirectory(path, directory);
  }
}

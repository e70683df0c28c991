import { Failure } from '../../errors/failure';
import type { EngineCallbacks } from '../../storage/engine';
import { isBusy } from './busy';
import { MemoryDirectory } from './memory-directory';
import type { SqliteSettings } from './connection';
import { SqliteEngine } from './engine';

/**
 * Maximum number of attempts. An attempt fails only if another process removes the new directory before its database is
 * locked.
 */
const maxAttempts = 10;

/** Opens a new database in a directory of its own, which is removed when the database is closed. */
export async function openInMemory(
  settings: Omit<SqliteSettings, 'path'>,
  callbacks: EngineCallbacks,
): Promise<SqliteEngine> {
  for (let attempt = 1; ; attempt += 1) {
    const memory = MemoryDirectory.create();
    const engine = await tryOpen(settings, callbacks, memory, attempt >= maxAttempts);
    if (engine === undefined) continue;
    await memory.removeLeftOver(settings.driver);
    return engine;
  }
}

/**
 * Opens the database. Returns undefined when another process has removed the directory before the database was locked.
 */
async function tryOpen(
  settings: Omit<SqliteSettings, 'path'>,
  callbacks: EngineCallbacks,
  memory: MemoryDirectory,
  isLast: boolean,
): Promise<SqliteEngine | undefined> {
  try {
    const engine = await SqliteEngine.open({ ...settings, path: memory.databasePath }, callbacks, memory);
    // The database is locked from now on. Its directory is safe if it still exists.
    if (memory.isInPlace()) return engine;
    await engine.close();
    throw new Failure('UNAVAILABLE', 'the directory of the in-memory database was removed');
  } catch (error) {
    const wasRemoved = !memory.isInPlace() || isBusy(error);
    memory.remove();
    if (isLast || !wasRemoved) throw error;
    return undefined;
  }
}

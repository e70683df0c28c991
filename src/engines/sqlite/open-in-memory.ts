import { Failure } from '../../errors/failure';
import type { EngineCallbacks } from '../../storage/engine';
import { isBusy } from './busy';
import { MemoryDirectory } from './memory-directory';
import type { SqliteSettings } from './connection';
import { SqliteEngine } from './engine';

/**
 * Maximum number of attempts to open a database in memory. An attempt fails only if another process removes the new
 * directory before its database is locked.
 */
const maxAttempts = 10;

/** Opens a new database in memory. Its directory is removed when the database is closed. */
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
 * Opens the database in the directory. Returns undefined when another process has removed the directory before the
 * database was locked.
 */
async function tryOpen(
  settings: Omit<SqliteSettings, 'path'>,
  callbacks: EngineCallbacks,
  memory: MemoryDirectory,
  isLast: boolean,
): Promise<SqliteEngine | undefined> {
  try {
    const engine = await SqliteEngine.open({ ...settings, path: memory.databasePath }, callbacks, memory);
    // Returns the engine if the directory still exists. From now on, the lock of the database protects the directory.
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

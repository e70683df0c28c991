import type { Diagnostics } from '../diagnostics/diagnostics';
import type { SqliteLocation } from '../options/database-url';
import type { ResolvedOptions } from '../options/resolve-options';
import type { Database } from './executor';
import { MemoryDirectory } from './sqlite/memory-directory';
import type { SqliteSettings } from './sqlite/sqlite-connection';
import { SqliteEngine } from './sqlite/sqlite-engine';

/** Opens the database and looks after its schema. What was opened before a failure is closed again. */
export async function openDatabase(options: ResolvedOptions, diagnostics: Diagnostics): Promise<Database> {
  const { location, busyTimeoutMs, durability, migrations } = options;
  const { path, memory } = placeOf(location);
  const engine = await openEngine({ path, busyTimeoutMs, durability }, memory);
  try {
    const start = performance.now();
    const applied = await engine.migrator.prepare(migrations);
    if (applied.length > 0) diagnostics.migrated(applied, performance.now() - start);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Where the file lies, and what has to be removed with the database, if anything. */
function placeOf(location: SqliteLocation): { readonly path: string; readonly memory?: MemoryDirectory } {
  if (location.kind === 'file') return { path: location.path };
  const memory = new MemoryDirectory();
  return { path: memory.databasePath, memory };
}

async function openEngine(settings: SqliteSettings, memory: MemoryDirectory | undefined): Promise<SqliteEngine> {
  try {
    return await SqliteEngine.open(settings, memory);
  } catch (error) {
    memory?.remove();
    throw error;
  }
}

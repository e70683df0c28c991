import { backfill } from './backfill';
import { changeStatements } from './changes/statements';
import { sequencePending } from './events/chain/sequence';
import { errorClassifierOf } from './error-classifier';
import type { Diagnostics } from './diagnostics/diagnostics';
import type { PostgresqlLocation, SqliteLocation } from './options/database-url';
import type { CacheSettings, ResolvedOptions } from './options/resolve-options';
import type { Engine, EngineCallbacks } from './storage/engine';
import type { Migrator } from './migrations/migrator';
import { convertErrors, convertRejection, type ErrorClassifier } from './runtime/convert-errors';
import { assertSpareDescriptors } from './runtime/spare-descriptors';

const callbacks: EngineCallbacks = {
  writeChanges: (dialect, entries) => changeStatements(dialect).insert(entries),
  backfill,
  sequenceEvents: sequencePending,
  // Loads the module only when it is needed, because most processes never check the database.
  checkRecords: async (snapshot, findings) => {
    const { checkRecords } = await import('./integrity/check-records.js');
    await checkRecords(snapshot, findings);
  },
};

/** Database engine whose schema has not been verified yet. */
interface OpenedEngine extends Engine {
  readonly migrator: Migrator;
  /**
   * Verifies that the opened database can be used.
   *
   * @throws an error when the database cannot be used
   */
  check(): Promise<void>;
}

/**
 * Opens a database, and applies or verifies its migrations. Every error is a `Failure`, also the errors of the returned
 * engine.
 */
export function openDatabase(options: ResolvedOptions, diagnostics: Diagnostics): Promise<Engine> {
  const classify = errorClassifierOf(options.location);
  return convertRejection(classify, () => openConverted(options, classify, diagnostics));
}

// Opens the engine, and then prepares its schema and its cache. Closes the engine if one of the later steps fails.
async function openConverted(
  options: ResolvedOptions,
  classify: ErrorClassifier,
  diagnostics: Diagnostics,
): Promise<Engine> {
  warnOfIgnored(options, diagnostics);
  const engine = await openEngine(options, diagnostics);
  try {
    const start = performance.now();
    const applied = await engine.migrator.prepare(options.migrations);
    if (applied.length > 0) diagnostics.migrated(applied, performance.now() - start);
    await engine.check();
    const converted = convertErrors(engine, classify);
    return options.cache === undefined ? converted : await openCache(converted, options.cache, options, diagnostics);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function warnOfIgnored({ location, replicas }: ResolvedOptions, diagnostics: Diagnostics): void {
  const parameters = [...new Set([location, ...replicas].flatMap(({ ignored }) => ignored))];
  if (parameters.length === 0) return;
  diagnostics.warned('ignored URL parameters that only the engines of Prisma use', {
    parameters,
  });
}

async function openCache(
  engine: Engine,
  settings: CacheSettings,
  { now }: ResolvedOptions,
  diagnostics: Diagnostics,
): Promise<Engine> {
  const { CachingEngine } = await import('./cache/caching-engine.js');
  return CachingEngine.open(engine, settings, now, diagnostics);
}

// Loads only the engine that the URL selects, so that the driver of the other engine is not needed.
async function openEngine(options: ResolvedOptions, diagnostics: Diagnostics): Promise<OpenedEngine> {
  const { location } = options;
  assertSpareDescriptors();
  return location.kind === 'postgresql'
    ? openPostgresql(location, options, diagnostics)
    : openSqlite(location, options, diagnostics);
}

async function openPostgresql(
  location: PostgresqlLocation,
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): Promise<OpenedEngine> {
  const { PostgresqlEngine } = await import('./engines/postgresql/engine.js');
  return new PostgresqlEngine(location, options, callbacks, diagnostics);
}

async function openSqlite(
  location: SqliteLocation,
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): Promise<OpenedEngine> {
  const { loadSqliteDriver, loadSqliteDriverFor } = await import('./engines/sqlite/driver/load-driver.js');
  const { SqliteEngine } = await import('./engines/sqlite/engine.js');
  const { busyTimeoutMs, durability, maxWalBytes } = options;
  if (location.kind === 'file') {
    const { hardLinkWarning } = await import('./engines/sqlite/hard-links.js');
    const driver = loadSqliteDriverFor(location.path, options.driver);
    const checkpoints = { maxWalBytes, warn: diagnostics.warned.bind(diagnostics) };
    const settings = { path: location.path, driver, busyTimeoutMs, durability, checkpoints };
    const engine = await SqliteEngine.open(settings, callbacks);
    const warning = hardLinkWarning(location.path);
    if (warning !== undefined) diagnostics.warned(warning);
    return engine;
  }
  const { openInMemory } = await import('./engines/sqlite/open-in-memory.js');
  return openInMemory({ driver: loadSqliteDriver(options.driver), busyTimeoutMs, durability }, callbacks);
}

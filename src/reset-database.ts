import { errorClassifierOf } from './error-classifier';
import { Failure } from './errors/failure';
import type { ResolvedOptions } from './options/resolve-options';
import { convertRejection } from './runtime/convert-errors';

/**
 * Checks that the options permit deleting all data of the database.
 *
 * @throws INVALID_OPTIONS on PostgreSQL without `allowReset`: the database may contain more than test data.
 */
export function assertResettable({ location, allowReset }: ResolvedOptions): void {
  if (location.kind !== 'postgresql' || allowReset) return;
  throw new Failure('INVALID_OPTIONS', 'allowReset must be true to reset a PostgreSQL database', {
    field: 'allowReset',
  });
}

/**
 * Deletes all records of a PostgreSQL database, or the files of a SQLite database.
 *
 * @throws BUSY when another connection has the SQLite file open; INVALID_OPTIONS when the database was not created by
 * this package.
 */
export function resetDatabase(options: ResolvedOptions): Promise<void> {
  return convertRejection(errorClassifierOf(options.location), () => resetLocation(options));
}

async function resetLocation(options: ResolvedOptions): Promise<void> {
  const { location } = options;
  if (location.kind === 'postgresql') {
    const { emptyPostgresqlDatabase } = await import('./engines/postgresql/empty-database.js');
    await emptyPostgresqlDatabase(location, options.pool);
  } else {
    const { loadSqliteDriverFor } = await import('./engines/sqlite/driver/load-driver.js');
    const { removeSqliteFiles } = await import('./engines/sqlite/remove-files.js');
    if (location.kind === 'memory') return;
    const driver = loadSqliteDriverFor(location.path, options.driver);
    await removeSqliteFiles(location.path, driver, options.busyTimeoutMs);
  }
}

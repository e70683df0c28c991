import { Failure } from '../errors/failure';
import type { ResolvedOptions } from '../options/resolve-options';

/** @throws INVALID_OPTIONS where the database may be more than a test's. */
export function assertResettable({ location, allowReset }: ResolvedOptions): void {
  if (location.kind !== 'postgresql' || allowReset) return;
  throw new Failure('INVALID_OPTIONS', 'allowReset must be true for this on PostgreSQL', { field: 'allowReset' });
}

/** Leaves nothing of what a database holds. Nobody here may have it open. */
export async function resetDatabase(options: ResolvedOptions): Promise<void> {
  const { location } = options;
  if (location.kind === 'postgresql') {
    const { emptyPostgresqlDatabase } = await import('./postgresql/empty-database.js');
    await emptyPostgresqlDatabase(location, options.pool);
  } else {
    const { removeSqliteFiles } = await import('./sqlite/remove-sqlite-files.js');
    await removeSqliteFiles(location);
  }
}

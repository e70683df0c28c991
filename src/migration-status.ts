import { Diagnostics } from './diagnostics/diagnostics';
import { openDatabase } from './open-database';
import { resolveOptions } from './options/resolve-options';
import { perform } from './runtime/perform';
import type { MigrationState } from './storage/migration-state';

/** Returns the state of a database's migrations, without applying or verifying them. */
export async function readMigrationStatus(url: string): Promise<MigrationState> {
  const diagnostics = new Diagnostics(undefined, undefined);
  return perform(diagnostics, 'migrationStatus', async () => {
    const engine = await openDatabase(resolveOptions({ url, migrations: 'skip' }), diagnostics);
    try {
      return await engine.healthProbe.migrations();
    } finally {
      await engine.close();
    }
  });
}

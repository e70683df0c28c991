import type { Command } from 'commander';
import { addAction } from '../action';
import { addUrl, locate, requireFile, type DatabaseOption } from '../database';
import { examples } from '../examples';

/** Adds the command `migrate status`, which shows the migrations of a database. */
export function addMigrateStatus(migrate: Command): void {
  const command = addUrl(migrate.command('status'))
    .summary('show which migrations are applied')
    .description(
      'Compares the migrations of the database with those of this version, and changes nothing. Exit code 2 when migrations are pending or failed, or when a newer version has migrated the database.',
    )
    .addHelpText('after', examples(['npx ans-database migrate status || exit 1', 'stops a deployment']));
  addAction(command, async (_, terminal) => {
    const options = command.opts<DatabaseOption>();
    const { url, location } = locate(options);
    await requireFile(location);
    const { readMigrationStatus } = await import('../../migration-status.js');
    const status = await readMigrationStatus(url);
    const { applied, pending, failed, unknown } = status;
    const isUpToDate = pending.length + failed.length + unknown.length === 0;
    const rows = [
      ...applied.map((name) => [unknown.includes(name) ? 'of a newer version' : 'applied', name]),
      ...failed.map((name) => ['failed', name]),
      ...pending.map((name) => ['pending', name]),
    ];
    const { style } = terminal;
    return {
      json: { isUpToDate, ...status },
      lines: [
        ...terminal.table([{ title: 'state' }, { title: 'migration' }], rows),
        ...(isUpToDate ? [style.bold('The schema is up to date.')] : [style.warning(adviceFor(status))]),
      ],
      exitCode: isUpToDate ? 0 : 2,
    };
  });
}

function adviceFor({ unknown, failed }: { unknown: readonly string[]; failed: readonly string[] }): string {
  if (unknown.length > 0) return 'A newer version of ans-database has migrated the database: update the package.';
  if (failed.length > 0) return 'A migration has failed: repair it, then mark it with npx prisma migrate resolve.';
  return 'Migrations are pending: npx ans-database migrate deploy applies them.';
}

import type { Command } from 'commander';
import { formatAmount } from '../../console/format';
import { addAction } from '../action';
import { addUrl, locate, open, type DatabaseOption } from '../database';
import { examples } from '../examples';

/** Adds the command `migrate deploy`, which applies the pending migrations. */
export function addMigrateDeploy(migrate: Command): void {
  const command = addUrl(migrate.command('deploy'))
    .summary('create or update the tables')
    .description(
      'Applies the pending migrations of this package, all or none. Several processes may run it at the same time. Creates a missing SQLite file; a PostgreSQL database must exist.',
    )
    .addHelpText(
      'after',
      examples(
        ['DATABASE_URL=postgresql://ans:secret@db.example/ans npx ans-database migrate deploy', 'before a new version'],
        ['npx ans-database migrate deploy --url file:./ans_database.sqlite', 'creates the file if it is missing'],
      ),
    );
  addAction(command, async (_, { style }) => {
    const options = command.opts<DatabaseOption>();
    await using db = await open(locate(options).url, 'skip');
    const applied = await db.migrateDatabase();
    const result =
      applied.length === 0 ? 'The schema is up to date.' : `${formatAmount(applied.length, 'migration')} applied.`;
    return { json: { applied }, lines: [...applied.map((name) => `applied ${name}`), style.bold(result)] };
  });
}

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { formatBytes } from '../../console/format';
import type { Progress } from '../../console/progress';
import { addAction } from '../action';
import { addUrl, openExisting, type DatabaseOption } from '../database';
import { examples } from '../examples';

/** Adds the command `backup`, which copies a SQLite database while other processes write. */
export function addBackup(program: Command): void {
  const command = addUrl(program.command('backup'))
    .summary('copy a SQLite database into a new file')
    .description(
      'Copies a SQLite database, with the state at the beginning, into a new file, and checks the copy. Other processes may write meanwhile. For PostgreSQL, use pg_dump.',
    )
    .argument('<file>', 'path of the copy, which must not exist')
    .addHelpText(
      'after',
      examples(['npx ans-database backup ./backups/$(date +%F).sqlite', 'copies the database of DATABASE_URL']),
    );
  addAction(command, async ([file = ''], terminal) => {
    const options = command.opts<DatabaseOption>();
    const path = resolve(file);
    await using db = await openExisting(options, 'skip');
    let progress: Progress | undefined;
    await db.backup(path, {
      onProgress: ({ copiedBytes, totalBytes }) => {
        progress ??= terminal.progress(totalBytes, undefined, formatBytes);
        progress?.update(copiedBytes, copiedBytes);
      },
    });
    progress?.end();
    const { size: bytes } = await stat(path);
    return { json: { file: path, bytes }, lines: [`${formatBytes(bytes)} copied to ${path}`] };
  });
}

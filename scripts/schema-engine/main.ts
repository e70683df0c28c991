import { readArguments } from './arguments';
import { runCliCommand } from './cli-command';
import { openDatabase } from './database';
import { print, serve } from './json-rpc';
import { Methods } from './methods';

/** The schema engine as Prisma's CLI starts it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { command, datasource, schemaPaths } = readArguments(argv);
  if (command !== undefined) {
    process.exitCode = await runCliCommand(command, () => openDatabase(datasource));
    return;
  }
  const database = openDatabase(datasource);
  // The CLI ends the engine with a signal as soon as it has its last answer.
  process.once('SIGTERM', () => void database.close().finally(() => process.exit(0)));
  await serve(new Methods(database, schemaPaths, print));
  await database.close();
}

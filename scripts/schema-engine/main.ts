import { readArguments } from './arguments';
import { runCliCommand } from './cli-command';
import { openDatabase, type Database } from './database';
import { print, serve } from './json-rpc';
import { Methods } from './methods';

/** The schema engine as Prisma's CLI starts it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { command, datasource, schemaPaths } = readArguments(argv);
  if (command !== undefined) {
    process.exitCode = await runCliCommand(command, () => openDatabase(datasource));
    return;
  }
  let database: Database;
  try {
    database = openDatabase(datasource);
  } catch (error) {
    // The CLI waits for answers: where the engine only ends, some commands print nothing and pass for done.
    await serve({ call: () => fail(error) });
    return;
  }
  // The CLI ends the engine with a signal as soon as it has its last answer.
  process.once('SIGTERM', () => void database.close().finally(() => process.exit(0)));
  await serve(new Methods(database, schemaPaths, print));
  await database.close();
}

function fail(error: unknown): Promise<never> {
  return Promise.reject(error instanceof Error ? error : new Error(String(error)));
}

import { readArguments } from './arguments';
import { runCliCommand } from './cli-command';
import { openDatabase, type Database } from './database';
import { print, serve } from './json-rpc';
import { Methods } from './methods';

/** Runs the schema engine with the arguments of Prisma's CLI. */
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
    // Sends the error as a response. Without a response, some commands of the CLI print nothing and seem to succeed.
    await serve({ call: () => fail(error) });
    return;
  }
  // After the last response, the Prisma CLI ends this process with a signal.
  process.once('SIGTERM', () => void database.close().finally(() => process.exit(0)));
  await serve(new Methods(database, schemaPaths, print));
  await database.close();
}

function fail(error: unknown): Promise<never> {
  return Promise.reject(error instanceof Error ? error : new Error(String(error)));
}

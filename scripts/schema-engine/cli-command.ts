import type { Database } from './database';
import { EngineError } from './engine-error';

const commands: Readonly<Record<string, (database: Database) => Promise<string>>> = {
  'can-connect-to-database': async (database) => {
    await database.check();
    return 'Connection successful';
  },
  'create-database': async (database) => `Database '${await database.create()}' was successfully created.`,
  'drop-database': async (database) => {
    await database.drop();
    return 'The database was successfully dropped.';
  },
};

/** Runs `schema-engine cli <name>` and returns the exit code. */
export async function runCliCommand(name: string, open: () => Database): Promise<number> {
  try {
    const run = commands[name];
    if (run === undefined) throw new Error(`Unknown command: ${name}`);
    const database = open();
    try {
      log('INFO', { message: await run(database) });
    } finally {
      await database.close();
    }
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Logs one line first, because the CLI searches for the error in all lines except the first one.
    log('INFO', { message: `Failed: ${name}` });
    log('ERROR', { message, error_code: error instanceof EngineError ? error.code : undefined, is_panic: false });
    return 1;
  }
}

function log(level: 'INFO' | 'ERROR', fields: Readonly<Record<string, unknown>>): void {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

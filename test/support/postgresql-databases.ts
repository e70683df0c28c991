import { administer, databaseUrl } from './administration';
import { closeRawClient, runRaw } from './raw-client';
import { tableNames } from './tables';
import { testServer } from './test-server';

/** Maximum number of dead rows for the next test that uses the database. */
const fewRows = 1000;

/**
 * The databases of this worker that no test uses at present. Tests of another file may have left rows in them.
 */
let free: Promise<string[]> | undefined;
let created = 0;

/** Databases whose schema a test has changed. */
const spoiled = new Set<string>();

/** Returns the URL of an empty database with the package's schema, for one test at a time. */
export async function takeDatabase(): Promise<string> {
  free ??= findDatabases();
  const urls = await free;
  for (let url = urls.pop(); url !== undefined; url = urls.pop()) {
    if (await emptyDatabase(url)) return url;
    await dropDatabase(url);
  }
  created += 1;
  return create(`${workerPrefix()}${created}`, `TEMPLATE ${testServer().template}`);
}

/** Makes a database available to other tests. */
export async function giveDatabaseBack(url: string): Promise<void> {
  if (spoiled.delete(url)) await dropDatabase(url);
  else (await free)?.push(url);
}

/** Marks a database to be dropped after its test. */
export function spoilDatabase(url: string): void {
  spoiled.add(url);
}

/** Reports whether a database is to be dropped after its test. */
export function isSpoiled(url: string): boolean {
  return spoiled.has(url);
}

/** Creates a database, which the test has to drop. `options` are those of CREATE DATABASE, such as a locale. */
export function createDatabase(options: string): Promise<string> {
  created += 1;
  return create(`${workerPrefix()}own_${created}`, options);
}

export async function dropDatabase(url: string): Promise<void> {
  await closeRawClient(url);
  await administer(testServer().url, `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

async function create(name: string, options: string): Promise<string> {
  const { url } = testServer();
  await administer(url, `CREATE DATABASE ${name} ${options}`);
  return databaseUrl(url, name);
}

function workerPrefix(): string {
  return `${testServer().template}_${process.env['JEST_WORKER_ID'] ?? '1'}_`;
}

/** Returns the databases that earlier files of this worker have created from the template. */
async function findDatabases(): Promise<string[]> {
  const { url } = testServer();
  const sql = `SELECT datname AS name FROM pg_database WHERE datname ~ '^${workerPrefix()}\\d+$'`;
  const names = (await administer(url, sql)).map(({ name }) => String(name));
  created = Math.max(0, ...names.map((name) => Number(name.slice(workerPrefix().length))));
  return names.map((name) => databaseUrl(url, name));
}

/** Removes all rows; reports whether that succeeded. */
export async function emptyDatabase(url: string): Promise<boolean> {
  const deletes = tableNames.map((name) => `WITH gone AS (DELETE FROM ${name} RETURNING 1) SELECT count(*) FROM gone`);
  try {
    // A sequencer moves rows between two of these tables. The lock prevents that it does so between these statements.
    const begin = ["SET LOCAL lock_timeout = '2s'", 'LOCK TABLE security_event_pending_entries'];
    const results = await runRaw(url, [...begin, ...deletes].join(';'));
    const rows = results.flat().reduce((sum, { count }) => sum + Number(count), 0);
    if (rows > fewRows) await runRaw(url, `TRUNCATE ${tableNames.join()}`);
    return true;
  } catch {
    // A connection that a test did not close may hold a lock, or a test may have changed the schema.
    return false;
  }
}

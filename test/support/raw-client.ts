import { Client, TypeOverrides, types, type QueryResult } from 'pg';
import type { RawRow } from './raw-reader';
import { afterTest } from './test-database';

/** Open connections by URL. They are kept because opening one takes longer than most statements. */
const clients = new Map<string, Promise<Client>>();

afterAll(async () => {
  for (const url of [...clients.keys()]) await closeRawClient(url);
});

/** Parsers that return values as the driver of SQLite does: times in milliseconds since 1970, 0 and 1 for booleans. */
const parsers = new TypeOverrides();
parsers.setTypeParser(types.builtins.BOOL, (text) => (text === 't' ? 1 : 0));
parsers.setTypeParser(types.builtins.INT8, Number);
parsers.setTypeParser(types.builtins.TIMESTAMP, parseTime);
parsers.setTypeParser(types.builtins.TIMESTAMPTZ, parseTime);

function parseTime(text: string): number {
  return Date.parse(`${text.replace(' ', 'T').replace(/\+00$/, '')}Z`);
}

/** Opens a connection to a PostgreSQL database without code of the package. It ends after the test by default. */
export async function connectRaw(url: string, atEnd = afterTest): Promise<Client> {
  const client = await connect(url);
  atEnd(() => client.end());
  return client;
}

/** Calls `work` while another connection holds the locks that `sql` takes. */
export async function whileLocked<T>(url: string, sql: string, work: () => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    await client.query(`BEGIN; ${sql}`);
    return await work();
  } finally {
    await client.end();
  }
}

/** Returns the process ids of the connections of the package to a database. */
export async function packageConnections(url: string): Promise<unknown[]> {
  const [rows = []] = await runRaw(
    url,
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ans-database'
      ORDER BY pid`,
  );
  return rows.map(({ pid }) => pid);
}

async function connect(url: string): Promise<Client> {
  const session = '-c timezone=UTC -c datestyle=ISO';
  const client = new Client({ connectionString: url, options: session, types: parsers });
  // A stopped server or a dropped database ends the connection; the next statement reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs statements on a PostgreSQL database and returns the rows of each. */
export async function runRaw(url: string, sql: string): Promise<RawRow[][]> {
  const results = await (await rawClient(url)).query<RawRow>(sql);
  // The driver's types do not show that several statements have several results.
  return [results as QueryResult<RawRow> | QueryResult<RawRow>[]].flat().map(({ rows }) => rows);
}

/** Ends the connection that `runRaw` keeps to a database. */
export async function closeRawClient(url: string): Promise<void> {
  const client = await clients.get(url)?.catch(() => undefined);
  clients.delete(url);
  await client?.end();
}

function rawClient(url: string): Promise<Client> {
  const known = clients.get(url);
  if (known !== undefined) return known;
  const connecting = connect(url).then((client) => client.once('end', () => clients.delete(url)));
  clients.set(url, connecting);
  connecting.catch(() => clients.delete(url));
  return connecting;
}

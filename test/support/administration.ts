import { Client } from 'pg';

/** Runs a statement on a new connection and closes it, because PostgreSQL copies only templates without connections. */
export async function administer(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  // When the server ends the connection, the statement fails too. Without a listener, the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Returns the URL of another database of the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

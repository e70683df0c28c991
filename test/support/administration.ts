import { Client } from 'pg';

/** Runs a statement on its own connection: a template with an open connection cannot be copied. */
export async function administer(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  // A server that ends the connection fails the statement too; without a listener the event would end the process.
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

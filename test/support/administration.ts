import { Client } from 'pg';

/** Runs a statement on a connection of its own: nobody may be connected to a template while it is copied. */
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

/** The URL of another database of the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

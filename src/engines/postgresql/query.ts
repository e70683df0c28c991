import type { Client } from 'pg';

/** Runs one statement on a PostgreSQL database. Each returned row is an array of the values of its columns. */
export type PostgresqlQuery = (text: string, values?: unknown[]) => Promise<{ readonly rows: readonly unknown[][] }>;

/** Returns a function that runs statements on one connection. */
export function queryOn(client: Client): PostgresqlQuery {
  return (text, values = []) => client.query<unknown[]>({ text, values, rowMode: 'array' });
}

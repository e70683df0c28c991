import type { Client } from 'pg';

/** Runs one statement on a PostgreSQL database; each row is an array of its columns' values. */
export type PostgresqlQuery = (text: string, values?: unknown[]) => Promise<{ readonly rows: readonly unknown[][] }>;

/** Returns a function that runs statements on one connection. */
export function queryOn(client: Client): PostgresqlQuery {
  return (text, values = []) => client.query<unknown[]>({ text, values, rowMode: 'array' });
}

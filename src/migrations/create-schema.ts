import { escapeIdentifier } from 'pg';
import type { PostgresqlQuery } from './postgresql-query';

/** Makes a schema that is missing. Asks first: IF NOT EXISTS takes the privilege to make one in any case. */
export async function createMissingSchema(query: PostgresqlQuery, schema: string): Promise<void> {
  const { rows } = await query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rows.length === 0) await query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
}

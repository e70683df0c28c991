import { escapeIdentifier } from 'pg';
import type { PostgresqlQuery } from './query';

/**
 * Creates a schema if it does not exist. Looks for the schema first, because CREATE SCHEMA IF NOT EXISTS requires the
 * privilege to create schemas even if the schema exists.
 */
export async function createMissingSchema(query: PostgresqlQuery, schema: string): Promise<void> {
  const { rows } = await query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rows.length === 0) await query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
}

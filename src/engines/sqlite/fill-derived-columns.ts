import { toVersionKey } from '../../agents/version-key';
import { foldCase } from '../../validation/fold-case';
import type { SqliteConnection } from './connection';
import type { SqliteDatabase } from './database';

const batchSize = 1000;

// Each starts from the few empty entries of an index, so that looking costs little where there is nothing to do. A row that
// is filled in must not be found again: no version has an empty key, but the seed's other texts may be empty themselves.
const selectAgents = `SELECT id, name, version FROM agents WHERE version_key = '' LIMIT ${batchSize}`;
const selectCertificates = `SELECT id, subject, issuer FROM certificates
  WHERE (subject_folded = '' AND subject <> '') OR (issuer_folded = '' AND issuer <> '') LIMIT ${batchSize}`;

const updateAgent = 'UPDATE agents SET name_folded = ?, version_key = ? WHERE id = ?';
const updateCertificate = 'UPDATE certificates SET subject_folded = ?, issuer_folded = ? WHERE id = ?';

/**
 * Fills in the columns that are made from others by code: a migration from the seed's schema, being SQL, leaves them
 * empty. Every write of this package fills them itself.
 */
export async function fillDerivedColumns(database: SqliteDatabase): Promise<void> {
  await fill(database, selectAgents, updateAgent, ([id, name, version]) => [foldCase(name), toVersionKey(version), id]);
  await fill(database, selectCertificates, updateCertificate, ([id, subject, issuer]) => [
    foldCase(subject),
    foldCase(issuer),
    id,
  ]);
}

type Source = readonly [id: string, first: string, second: string];

async function fill(
  database: SqliteDatabase,
  select: string,
  update: string,
  derive: (source: Source) => [string, string | null, string],
): Promise<void> {
  const run = (connection: SqliteConnection): number => {
    const { rows } = connection.run({ sql: select, args: [] });
    for (const row of rows as Source[]) connection.run({ sql: update, args: derive(row) });
    return rows.length;
  };
  const hasWork = await database.withReader((connection) => connection.run({ sql: select, args: [] }).rows.length > 0);
  if (!hasWork) return;
  while ((await database.write(run)) === batchSize);
}

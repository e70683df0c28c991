import { isDatabaseError, type DatabaseError, type DatabaseService, type TransactionScope } from '../../src';
import type { Row } from './row';
import { standInCertificate } from './stand-in';

/** Row of an imported file, with its line number. */
export interface NumberedRow {
  readonly lineNumber: number;
  readonly row: Row;
}

/** Result of importing one row. The row was imported when there is no error. */
export interface Outcome extends NumberedRow {
  readonly error?: DatabaseError;
}

/** Codes of errors that concern a single row. Any other error ends the import. */
const rowErrors: ReadonlySet<string> = new Set(['INVALID_INPUT', 'ALREADY_EXISTS', 'REFERENCE_NOT_FOUND']);

/** Stores rows in one transaction. A refused row changes nothing and does not affect the other rows. */
export function loadBatch(db: DatabaseService, rows: readonly NumberedRow[]): Promise<Outcome[]> {
  return db.transaction(async (tx) => {
    const outcomes: Outcome[] = [];
    for (const source of sourcesOf(rows)) await refusalOf(() => tx.createCertificate(standInCertificate(source)));
    for (const numbered of rows) {
      const error = await refusalOf(() => store(tx, numbered.row));
      outcomes.push(error === undefined ? numbered : { ...numbered, error });
    }
    return outcomes;
  });
}

function store(tx: TransactionScope, row: Row): Promise<string> {
  // Allows REVOKED certificates, because an imported directory may contain agents with them.
  const options = { allowRevokedCertificate: true };
  return row.kind === 'agent' ? tx.createAgent(row.agent, options) : tx.createCertificate(row.certificate);
}

function sourcesOf(rows: readonly NumberedRow[]): Set<string> {
  return new Set(rows.flatMap(({ row }) => (row.kind === 'agent' ? [row.source] : [])));
}

async function refusalOf(work: () => Promise<unknown>): Promise<DatabaseError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isDatabaseError(error) && rowErrors.has(error.code)) return error;
    throw error;
  }
}

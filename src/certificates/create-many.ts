import { Failure } from '../errors/failure';
import type { CreateResult } from '../options/batch-options';
import { isRefusal, writeInBatches, type BatchRules } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import type { Validator } from '../validation/validator';
import { certificateChange } from './commands';
import { certificateStatements } from './statements';
import { parseNewCertificate, type NewCertificateRow } from './validation';

/**
 * Maximum number of attempts to insert a batch of certificates. An attempt can miss a certificate with the same id or
 * fingerprint that another connection inserts at the same time.
 */
const maxTries = 5;

/**
 * Stores certificates in batches: all batches in one transaction, or each batch in its own transaction when
 * `mayCollect` is true.
 *
 * @returns the result of each certificate, in input order.
 * @throws the failure of the first refused certificate, unless `mayCollect` is true
 */
export function createCertificates(
  executor: Executor,
  inputs: readonly unknown[],
  { nowMs, checks, rules }: { readonly nowMs: number; readonly checks: Validator; readonly rules: BatchRules },
): Promise<CreateResult[]> {
  return writeInBatches(executor, inputs, rules, {
    parameter: 'certificates',
    operation: 'certificates.create',
    parse: (input) => parseNewCertificate(input, nowMs, checks),
    lengthOf,
    write: async (tx, batch) => {
      const rows = batch.filter((entry) => 'columns' in entry);
      const failures = await insertCertificates(tx, rows, nowMs);
      return batch.map((entry) => {
        if (isRefusal(entry)) return entry;
        const { id } = entry.columns;
        const failure = failures.get(entry);
        return failure === undefined ? ({ ok: true, id } as const) : { id, failure };
      });
    },
  });
}

function lengthOf({ columns, metadata }: NewCertificateRow): number {
  let length = columns.certificate.length + columns.publicKey.length + columns.subject.length;
  for (const [key, value] of metadata) length += key.length + value.length;
  return length;
}

/** Stores the certificates that are not refused. Returns the failures of the refused certificates. */
async function insertCertificates(
  tx: Transaction,
  rows: readonly NewCertificateRow[],
  nowMs: number,
): Promise<ReadonlyMap<NewCertificateRow, Failure>> {
  const failures = new Map<NewCertificateRow, Failure>();
  for (let rest = rows, tries = 1; rest.length > 0; tries += 1) {
    const accepted = chooseFree(rest, await selectTaken(tx, rest), failures);
    const inserted = await insertRows(tx, accepted, nowMs);
    // The INSERT skips a certificate if another transaction has inserted one with the same id or fingerprint since the
    // query for taken ids. The query of the next attempt finds the inserted one.
    rest = accepted.filter(({ columns }) => !inserted.has(columns.id));
    if (tries < maxTries) continue;
    // A certificate that is still skipped violates a unique constraint of the application, which the queries do not
    // test. A plain INSERT fails with the error of this constraint.
    for (const row of rest) await tx.executeAll(certificateStatements(tx.dialect).insert(row));
    break;
  }
  return failures;
}

/** Ids and fingerprint keys (fingerprints in normal form) that are taken by stored certificates. */
interface Taken {
  readonly ids: Set<unknown>;
  readonly fingerprintKeys: Set<unknown>;
}

/**
 * Returns the certificates whose id and fingerprint are free. Adds the failures of the other certificates to
 * `failures`. Accepts only the first of several certificates with the same id or fingerprint.
 */
function chooseFree(
  rows: readonly NewCertificateRow[],
  { ids, fingerprintKeys }: Taken,
  failures: Map<NewCertificateRow, Failure>,
): NewCertificateRow[] {
  return rows.filter((row) => {
    const { id, fingerprintKey } = row.columns;
    const taken = ids.has(id) ? 'id' : fingerprintKeys.has(fingerprintKey) ? 'fingerprint' : undefined;
    if (taken !== undefined) {
      failures.set(
        row,
        new Failure('ALREADY_EXISTS', `${taken} is already taken`, { entity: 'certificate', field: taken }),
      );
      return false;
    }
    ids.add(id);
    fingerprintKeys.add(fingerprintKey);
    return true;
  });
}

async function selectTaken(tx: Transaction, rows: readonly NewCertificateRow[]): Promise<Taken> {
  const { selectIds, selectFingerprintKeys } = certificateStatements(tx.dialect);
  const [ids = [], fingerprintKeys = []] = await tx.queryAll([
    selectIds({ ids: JSON.stringify(rows.map(({ columns }) => columns.id)) }),
    selectFingerprintKeys({ keys: JSON.stringify(rows.map(({ columns }) => columns.fingerprintKey)) }),
  ]);
  return { ids: new Set(ids.map(([id]) => id)), fingerprintKeys: new Set(fingerprintKeys.map(([key]) => key)) };
}

async function insertRows(
  tx: Transaction,
  rows: readonly NewCertificateRow[],
  nowMs: number,
): Promise<ReadonlySet<unknown>> {
  if (rows.length === 0) return new Set();
  const statements = certificateStatements(tx.dialect);
  // Inserts in the order of the fingerprints. In another order, two batches could each wait for a certificate that the
  // other batch has inserted: a deadlock. The order of the ids would not help, because each call generates other ids.
  const ordered = [...rows].sort((one, other) => (one.columns.fingerprintKey < other.columns.fingerprintKey ? -1 : 1));
  const found = await tx.executeReturning(statements.insertMany(ordered));
  const ids = new Set(found.map(([id]) => id));
  const inserted = rows.filter(({ columns }) => ids.has(columns.id));
  tx.executeAtCommit(statements.insertMetadataOf(inserted));
  tx.recordChange(
    certificateChange(
      'CREATED',
      inserted.map(({ columns }) => columns.id),
      nowMs,
    ),
  );
  return ids;
}

import { toVersionKey } from './agents/version-key';
import { backfillHashes } from './events/chain/backfill';
import { chainStart, type ChainLink } from './events/chain/hashing';
import { chainStatements } from './events/chain/statements';
import type { Statement } from './sql/statement';
import type { Executor } from './storage/executor';
import { foldCase } from './validation/fold-case';

const batchSize = 1000;

/** Statements that fill the derived columns of one table, such as the column with agent names in lower case. */
interface DerivedColumns {
  /**
   * Selects the rows whose derived values are missing: their ids, and the columns from which the values are computed.
   */
  readonly select: Statement;
  readonly update: (row: Source) => Statement;
}

type Source = readonly [id: string, first: string, second: string];

// Each query reads only the index entries of missing values. An updated row must not be selected again, or the backfill
// would never end. An empty issuer or subject is excluded, because its lower-case form is also empty.
const derivedColumns: readonly DerivedColumns[] = [
  {
    select: toSelect("SELECT id, name, version FROM agents WHERE version_key = ''"),
    update: ([id, name, version]) => ({
      sql: 'UPDATE agents SET name_folded = ?, version_key = ? WHERE id = ?',
      args: [foldCase(name), toVersionKey(version), id],
    }),
  },
  {
    // Both values are missing or none is. So the condition on `subject_folded`, which has an index, finds all such rows.
    select: toSelect(`SELECT id, subject, issuer FROM certificates
      WHERE subject_folded = '' AND (subject <> '' OR (issuer_folded = '' AND issuer <> ''))`),
    update: ([id, subject, issuer]) => ({
      sql: 'UPDATE certificates SET subject_folded = ?, issuer_folded = ? WHERE id = ?',
      args: [foldCase(subject), foldCase(issuer), id],
    }),
  },
];

/**
 * Computes stored values that SQL cannot compute: texts in lower case, sort keys of versions, and the hashes of the
 * event chain. Call it after a database with the initial schema was migrated. Works in batches, so that other calls can
 * write in between. Can be interrupted and run again. Changes nothing when no value is missing.
 */
export async function backfill(executor: Executor): Promise<void> {
  for (const columns of derivedColumns) await fillColumns(executor, columns);
  await fillHashes(executor);
}

async function fillColumns(executor: Executor, { select, update }: DerivedColumns): Promise<void> {
  if ((await executor.query(select)).length === 0) return;
  const fillBatch = (): Promise<number> =>
    executor.withTransaction(async (tx) => {
      // The cast is safe: the statement `select` returns an id and two texts.
      const rows = (await tx.query(select)) as readonly Source[];
      await tx.executeAll(rows.map(update));
      return rows.length;
    });
  while ((await fillBatch()) === batchSize);
}

async function fillHashes(executor: Executor): Promise<void> {
  if ((await executor.query(chainStatements(executor.dialect).lacksHashes)).length === 0) return;
  for (let link: ChainLink | undefined = chainStart; link !== undefined;) {
    const after: ChainLink = link;
    link = await executor.withTransaction((tx) => backfillHashes(tx, after, Date.now()));
  }
}

function toSelect(sql: string): Statement {
  return { sql: `${sql} LIMIT ${batchSize}`, args: [] };
}

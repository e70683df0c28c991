import type { Transaction } from '../../storage/transaction';
import { lockChain } from './append-entries';
import { chainStart, hashOf, type ChainLink } from './hashing';
import { chainStatements } from './statements';
import { verificationStatements } from './verification-statements';
import { toStoredEntry } from './entry-rows';

const batchSize = 500;

/**
 * Computes the digests and hashes of a batch of chain entries that a migration has created for older events. Changes
 * nothing once the event chain has begun, because later entries without a hash do not come from a migration.
 *
 * @param after - position up to which the entries already have hashes.
 * @param now - time in milliseconds since 1970.
 * @returns the position up to which the entries have hashes afterwards; undefined when all entries have hashes.
 */
export async function backfillHashes(tx: Transaction, after: ChainLink, now: number): Promise<ChainLink | undefined> {
  const statements = chainStatements(tx.dialect);
  await lockChain(tx);
  if ((await tx.query(statements.hasCheckpoint)).length > 0) return undefined;
  const last = Number.MAX_SAFE_INTEGER;
  const rows = await tx.query(
    verificationStatements(tx.dialect).selectBatch({ after: after.sequence, last, limit: batchSize }),
  );
  const hashes: [position: number, digest: string, hash: string][] = [];
  let link = after;
  for (const row of rows) {
    const entry = toStoredEntry(row);
    const { sequence } = entry;
    if (entry.hash === '') {
      // The digest is empty if the event of the entry is missing. The verification then reports the entry.
      const digest = entry.contentDigest ?? '';
      link = { sequence, hash: hashOf(link.hash, sequence, digest) };
      hashes.push([sequence - after.sequence, digest, link.hash]);
    } else {
      link = { sequence, hash: entry.hash };
    }
  }
  if (hashes.length > 0) tx.executeAtCommit([statements.backfillHashes(after.sequence, hashes)]);
  if (rows.length === batchSize) return link;
  // All entries have hashes now. The first checkpoint marks that the event chain has begun.
  tx.executeAtCommit([statements.insertCheckpoint({ ...chainStart, count: 0, createdAt: now })]);
  return undefined;
}

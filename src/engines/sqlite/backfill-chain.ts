import { backfillHashes } from '../../events/chain/backfill';
import { chainStart, type ChainLink } from '../../events/chain/hashing';
import { chainStatements } from '../../events/chain/statements';
import type { SqliteDatabase } from './database';
import { sqliteDialect } from './dialect';
import { SqliteTransactionHandle } from './transaction-handle';

/** Computes the hashes of the entries of events that were recorded before the chain existed. */
export async function backfillChain(database: SqliteDatabase): Promise<void> {
  const { lacksHashes } = chainStatements(sqliteDialect);
  const hasWork = await database.withReader((connection) => connection.run(lacksHashes).rows.length > 0);
  if (!hasWork) return;
  for (let link: ChainLink | undefined = chainStart; link !== undefined;) {
    const after: ChainLink = link;
    link = await database.write(async (connection) => {
      const tx = new SqliteTransactionHandle((statement) => connection.run(statement));
      const next = await backfillHashes(tx, after, Date.now());
      await tx.flush();
      return next;
    });
  }
}

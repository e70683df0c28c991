import { chainStart, type ChainLink } from '../../events/chain/hashing';
import { chainStatements } from '../../events/chain/statements';
import { sealEntries } from '../../events/chain/backfill';
import { runWork } from '../../runtime/run-work';
import type { SqliteDatabase } from './database';
import { sqliteDialect } from './dialect';

/** Seals the entries of events that were recorded before there was a chain. */
export async function backfillChain(database: SqliteDatabase): Promise<void> {
  const { lacksHashes: isUnsealed } = chainStatements(sqliteDialect);
  const hasWork = await database.withReader((connection) => connection.run(isUnsealed).rows.length > 0);
  if (!hasWork) return;
  for (let sealed: ChainLink | undefined = chainStart; sealed !== undefined;) {
    const after: ChainLink = sealed;
    sealed = await database.write((connection) =>
      runWork(sealEntries(sqliteDialect, after, Date.now()), [], (statement) => connection.run(statement)),
    );
  }
}

import { chainStart, type ChainLink } from '../../events/chain';
import { chainStatements } from '../../events/chain-statements';
import { sealEntries } from '../../events/seal-chain';
import { runWork } from '../run-work';
import type { SqliteDatabase } from './sqlite-database';
import { sqliteDialect } from './sqlite-dialect';

/** Seals the entries of events that were recorded before there was a chain. */
export async function sealChain(database: SqliteDatabase): Promise<void> {
  const { isUnsealed } = chainStatements(sqliteDialect);
  const hasWork = await database.withReader((connection) => connection.run(isUnsealed).rows.length > 0);
  if (!hasWork) return;
  for (let sealed: ChainLink | undefined = chainStart; sealed !== undefined;) {
    const after: ChainLink = sealed;
    sealed = await database.write((connection) =>
      runWork(sealEntries(sqliteDialect, after, Date.now()), [], (statement) => connection.run(statement)),
    );
  }
}

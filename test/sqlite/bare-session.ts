import { SqliteDatabase } from '../../src/engines/sqlite/database';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { SqliteEngine } from '../../src/engines/sqlite/engine';
import { WriteGuard } from '../../src/engines/sqlite/write-guard';
import { Diagnostics } from '../../src/diagnostics/diagnostics';
import { DatabaseSession } from '../../src/runtime/session';
import type { EngineCallbacks } from '../../src/storage/engine';
import { afterTest } from '../support/test-database';

const noCallbacks: EngineCallbacks = {
  writeChanges: () => [],
  backfill: () => Promise.resolve(),
  sequenceEvents: () => Promise.resolve(true),
  checkRecords: () => Promise.resolve(),
};

/** A session on a file of any schema, with the database that it uses. */
export interface BareSession {
  readonly session: DatabaseSession;
  readonly database: SqliteDatabase;
}

/**
 * Opens a session without migrations, on which Prisma Client may write to the package's tables: the generated client
 * knows no others.
 */
export async function openBareSession(path: string, busyTimeoutMs = 50, atEnd = afterTest): Promise<BareSession> {
  const allow = jest.spyOn(WriteGuard.prototype, 'assertAllowed').mockImplementation(() => undefined);
  atEnd(() => allow.mockRestore());
  const opened = jest.spyOn(SqliteDatabase, 'open');
  const engine = await SqliteEngine.open(
    { path, driver: loadSqliteDriver(), busyTimeoutMs, durability: 'normal' },
    noCallbacks,
  );
  const database = await (opened.mock.results.at(-1)?.value as Promise<SqliteDatabase>);
  opened.mockRestore();
  const retry = { attempts: 1, baseDelayMs: 1, maxDelayMs: 1, budgetMs: 1 };
  const settings = { location: { kind: 'file' }, transactionIdleTimeoutMs: 0, retry, breaker: undefined } as const;
  const session = new DatabaseSession(new Diagnostics(undefined, undefined), settings);
  session.open(engine);
  atEnd(() => session.close(1000));
  return { session, database };
}

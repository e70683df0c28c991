import { Failure } from '../../../errors/failure';
import type { HistoryEntry, HistoryRow } from '../../../migrations/history';
import type { Migration } from '../../../migrations/migration';
import type { ExistingSchema, MigrationTransaction } from '../../../migrations/runner';
import { isBusy, whileBusy } from '../busy';
import type { SqliteSettings } from '../connection';
import type { DriverConnection, SqliteDriver } from '../driver/driver';
import { sqliteErrorOf } from '../errors/sqlite-error';
import { describeFailedCheck } from './failed-check';
import { createHistory, readHistory, recordMigration } from './history';
import { inspectSchema } from './initial-schema';

/** Failures of the storage, by the beginning of their code. They are not the fault of a migration. */
const storageFailures = /^SQLITE_(?:FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|NOMEM)/;

/**
 * Runs `work` in a transaction for migrations, on a separate connection. Other processes wait for its write lock. Waits
 * up to `busyTimeoutMs` for locks of other connections at the beginning, and again at the end.
 *
 * @throws the errors of `work`, after a rollback; the error of the driver when the file cannot be opened or locked.
 */
export async function withMigrationTransaction<T>(
  { path, busyTimeoutMs, driver }: Pick<SqliteSettings, 'path' | 'busyTimeoutMs' | 'driver'>,
  work: (transaction: MigrationTransaction) => Promise<T>,
): Promise<T> {
  // timeout 0: `whileBusy` waits for locks, because SQLite's own wait would block the process.
  const connection = driver.open(path, { timeout: 0 });
  try {
    // The migrations replace tables to which others refer. This setting has no effect inside a transaction, so it comes
    // first.
    connection.pragma('foreign_keys = OFF');
    await whileBusy(busyTimeoutMs, () => connection.exec('BEGIN IMMEDIATE'));
    const result = await work(new SqliteMigrationTransaction(connection, driver));
    await whileBusy(busyTimeoutMs, () => connection.exec('COMMIT'));
    return result;
  } finally {
    // Closing the connection also rolls back a transaction that was not committed.
    connection.close();
  }
}

class SqliteMigrationTransaction implements MigrationTransaction {
  readonly #connection: DriverConnection;
  readonly #driver: SqliteDriver;

  constructor(connection: DriverConnection, driver: SqliteDriver) {
    this.#connection = connection;
    this.#driver = driver;
  }

  readHistory(): Promise<readonly HistoryEntry[] | undefined> {
    return settle(() => readHistory(this.#connection));
  }

  createHistory(): Promise<void> {
    return settle(() => createHistory(this.#connection));
  }

  inspectSchema(): Promise<ExistingSchema> {
    return settle(() => inspectSchema(this.#connection, this.#driver));
  }

  run({ name, sql }: Migration): Promise<void> {
    return settle(() => {
      try {
        this.#connection.exec(sql);
      } catch (cause) {
        if (isBusy(cause) || storageFailures.test(sqliteErrorOf(cause)?.code ?? '')) throw cause;
        const row = describeFailedCheck(this.#connection, cause);
        const advice = row === undefined ? '' : `: ${row}; correct the row and try again`;
        throw new Failure('MIGRATION_FAILED', `migration ${name} failed${advice}`, { cause });
      }
    });
  }

  record(row: HistoryRow): Promise<void> {
    return settle(() => recordMigration(this.#connection, row));
  }
}

/** Runs synchronous work of the driver as a promise. */
async function settle<T>(run: () => T): Promise<T> {
  return Promise.resolve(run());
}

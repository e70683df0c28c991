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

/** Beginnings of result codes of SQLite that report a fault of the storage, and not of a migration. */
const storageFailures = /^SQLITE_(?:FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|NOMEM)/;

/**
 * Runs `work` in a transaction for migrations, on a separate connection. Other processes wait for its write lock. Waits
 * up to `busyTimeoutMs` for locks of other connections, at the beginning and again at the end.
 *
 * @throws the errors of `work`, after a rollback; the error of the driver when the file cannot be opened or locked.
 */
export async function withMigrationTransaction<T>(
  { path, busyTimeoutMs, driver }: Pick<SqliteSettings, 'path' | 'busyTimeoutMs' | 'driver'>,
  work: (transaction: MigrationTransaction) => Promise<T>,
): Promise<T> {
  // Sets SQLite's busy timeout to 0, because its wait would block the process. `whileBusy` waits for locks instead.
  const connection = driver.open(path, { timeout: 0 });
  try {
    // Disables foreign keys, because the migrations replace tables to which other tables refer. This setting has no
    // effect inside a transaction.
    connection.pragma('foreign_keys = OFF');
    await whileBusy(busyTimeoutMs, () => connection.exec('BEGIN IMMEDIATE'));
    const result = await work(new SqliteMigrationTransaction(connection, driver));
    await whileBusy(busyTimeoutMs, () => connection.exec('COMMIT'));
    return result;
  } finally {
    // Closes the connection, which also rolls back a transaction that was not committed.
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

/** Runs synchronous work of the driver, and returns its result as a promise. */
async function settle<T>(run: () => T): Promise<T> {
  return Promise.resolve(run());
}

import { Failure } from '../../errors/failure';
import { convertRejection } from '../../runtime/convert-errors';
import type { Mutex } from '../../runtime/mutex';
import type { NativeAccess, NativeRow, NativeValue } from '../../storage/native-access';
import type { SqliteConnection } from './connection';
import type { SqliteDatabase } from './database';
import { classifySqliteError } from './errors/classify';
import { withSavepoint } from './savepoint';
import type { SqliteTransaction } from './transaction';
import type { WriteGuard } from './write-guard';

/** Transaction that runs only one operation at a time. */
export interface ExclusiveTransaction {
  readonly transaction: SqliteTransaction;
  readonly mutex: Mutex;
}

/** Runs the application's own SQL on a SQLite database, or inside one transaction. */
export class SqliteNativeAccess implements NativeAccess {
  readonly #database: SqliteDatabase;
  readonly #guard: WriteGuard;
  readonly #open: ExclusiveTransaction | undefined;

  /**
   * Creates the access to a database.
   *
   * @param open - transaction that runs the SQL. When undefined, each statement runs by itself.
   */
  constructor(database: SqliteDatabase, guard: WriteGuard, open?: ExclusiveTransaction) {
    this.#database = database;
    this.#guard = guard;
    this.#open = open;
  }

  query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]> {
    return this.#convert(sql, values, ({ driver }, parameters) => driver.prepare<NativeRow>(sql).all(...parameters));
  }

  execute(sql: string, values: readonly NativeValue[]): Promise<number> {
    return this.#convert(sql, values, ({ driver }, parameters) => {
      const statement = driver.prepare(sql);
      return statement.reader ? statement.all(...parameters).length : statement.run(...parameters).changes;
    });
  }

  classify(error: unknown): Failure {
    return classifySqliteError(error);
  }

  /**
   * Runs `work`, which must be synchronous and must run only `sql`. Uses the connection of the transaction if there is
   * one. Otherwise uses the reading connection for SQL that only reads, and the writing connection for other SQL.
   */
  async run<T>(sql: string, parameterCount: number, work: (connection: SqliteConnection) => T): Promise<T> {
    const open = this.#open;
    const guarded = (connection: SqliteConnection): T => {
      this.#guard.assertAllowed(connection.driver, sql, parameterCount);
      return work(connection);
    };
    if (open !== undefined) return this.exclusive((connection) => Promise.resolve(guarded(connection)));
    // Asks SQLite whether the statement only reads, because a statement that returns rows can also write (RETURNING).
    const isRead = await this.#database.withReader((connection) => connection.prepareForPrisma(sql).readonly);
    return isRead ? this.#database.withReader(guarded) : this.#database.withWriter(guarded);
  }

  /**
   * Runs `work` inside the transaction. Other operations of the transaction wait meanwhile. When `work` fails, its
   * changes are rolled back.
   */
  async exclusive<T>(work: (connection: SqliteConnection) => Promise<T>): Promise<T> {
    const open = this.#open;
    if (open === undefined) throw new Failure('INTERNAL', 'there is no transaction');
    return open.mutex.runExclusive(() => {
      open.transaction.assertOpen();
      return withSavepoint(open.transaction.connection, () => work(open.transaction.connection));
    });
  }

  #convert<T>(
    sql: string,
    values: readonly NativeValue[],
    work: (connection: SqliteConnection, parameters: readonly unknown[]) => T,
  ): Promise<T> {
    const parameters = values.map(toDriverValue);
    return convertRejection(classifySqliteError, () =>
      this.run(sql, values.length, (connection) => work(connection, parameters)),
    );
  }

  /** Checks SQL as {@link run} does. Call this method when you already have the connection from {@link exclusive}. */
  assertAllowed({ driver }: SqliteConnection, sql: string, parameterCount: number): void {
    this.#open?.transaction.assertOpen();
    this.#guard.assertAllowed(driver, sql, parameterCount);
  }
}

function toDriverValue(value: NativeValue): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Date ? value.getTime() : value;
}

import { Failure } from '../../errors/failure';
import { AnswerSize, type AnswerBounds } from '../../sql/answer-size';
import type { Row, SqlValue, Statement, StatementResult } from '../../sql/statement';
import type { Durability } from '../../options/types';
import { whileBusy } from './busy';
import { FrequentTextCache } from '../../sql/frequent-text-cache';
import type { CheckpointSettings } from './checkpoint-settings';
import type { ConnectionOptions, DriverConnection, DriverStatement, SqliteDriver } from './driver/driver';
import { filesAt, type DatabaseFiles } from './file-guard';
import { assertOwnLog } from './foreign-log';
import { assertOnlyLibrary, claimFile, type FileClaim } from './open-files';
import { assertUtf8, refuseUtf16Log } from './text-encoding';

/** Settings of a SQLite connection. */
export interface SqliteSettings {
  readonly path: string;
  readonly driver: SqliteDriver;
  readonly busyTimeoutMs: number;
  readonly durability: Durability;
  /** Settings for the checkpoints of the database; undefined for the defaults. */
  readonly checkpoints?: CheckpointSettings;
}

/** Prepared statement that returns its rows as arrays. */
export type PreparedStatement = DriverStatement<unknown[]>;

/**
 * Maximum number of statements in each cache of a connection: enough for the statements of the package and of the
 * application.
 */
const maxPreparedStatements = 256;
const cacheKibibytes = 65_536;
/**
 * Size in bytes to which SQLite truncates the write-ahead log after a checkpoint. It is twice the size at which a
 * checkpoint usually begins.
 */
export const journalSizeLimit = 8_388_608;

interface CachedStatement {
  readonly driver: PreparedStatement;
  /** Copy of `driver.reader`, which is slower to read, because it is an accessor of a native object. */
  readonly isReader: boolean;
}

/**
 * Connection to a SQLite file, with a cache of prepared statements. All methods are synchronous, except `openWriter`.
 */
export class SqliteConnection {
  readonly driver: DriverConnection;
  readonly #claim: FileClaim | undefined;
  readonly #prepared = new FrequentTextCache<CachedStatement>(maxPreparedStatements);
  #selectDataVersion: DriverStatement<unknown> | undefined;
  readonly #preparedForPrisma = new FrequentTextCache<PreparedStatement>(maxPreparedStatements);

  private constructor(driver: DriverConnection, claim?: FileClaim) {
    this.driver = driver;
    this.#claim = claim;
  }

  /**
   * Opens a connection that writes. Creates the file if it does not exist. Fails if SQLite does not accept a setting.
   *
   * @param prepare - called before SQLite opens the file.
   */
  static async openWriter(settings: SqliteSettings, prepare?: () => Promise<void>): Promise<SqliteConnection> {
    await assertOwnLog(settings.path);
    assertOnlyLibrary(settings.path, settings.driver.library);
    await prepare?.();
    refuseUtf16Log(settings.path, settings.driver);
    const driver = openDriver(settings, {});
    const claim = claimFile(pathOf(driver), settings.driver.library);
    try {
      // Changing to WAL mode needs an exclusive lock. Another process that opens the file at the same moment may hold
      // the lock.
      const mode = await whileBusy(settings.busyTimeoutMs, () => useLog(driver));
      driver.pragma(`synchronous = ${settings.durability}`);
      driver.pragma(`journal_size_limit = ${journalSizeLimit}`);
      configure(driver);
      assertPragma(driver, 'journal_mode', mode);
      assertPragma(driver, 'synchronous', settings.durability === 'full' ? 2 : 1);
      assertPragma(driver, 'foreign_keys', 1);
      return new SqliteConnection(driver, claim);
    } catch (error) {
      driver.close();
      claim.release();
      throw error;
    }
  }

  /** Opens a read-only connection. */
  static openReader(settings: SqliteSettings): SqliteConnection {
    const driver = openDriver(settings, { readonly: true, fileMustExist: true });
    try {
      configure(driver);
      driver.pragma('query_only = ON');
      assertPragma(driver, 'query_only', 1);
      return new SqliteConnection(driver);
    } catch (error) {
      driver.close();
      throw error;
    }
  }

  /** Runs one statement to its end. */
  run({ sql, args, bounds }: Statement): StatementResult {
    // Does not use `getOrAdd`, which is slower because each call needs a new function.
    const statement = this.#prepared.get(sql) ?? this.#addPrepared(sql);
    if (bounds !== undefined) return { rows: collect(statement.driver, args, bounds), changes: 0 };
    if (statement.isReader) return { rows: statement.driver.all(...args), changes: 0 };
    return { rows: [], changes: statement.driver.run(...args).changes };
  }

  /** Returns `PRAGMA data_version`: a number that changes when another connection has committed. */
  dataVersion(): number {
    // Keeps the statement in a field, which is faster than the cache of statements. Every hit of the record cache runs
    // the statement.
    this.#selectDataVersion ??= this.driver.prepare('PRAGMA data_version').pluck(true);
    return Number(this.#selectDataVersion.get());
  }

  /** Prepares a statement for Prisma's driver adapter, which needs integers of type bigint. */
  prepareForPrisma(sql: string): PreparedStatement {
    return this.#preparedForPrisma.getOrAdd(sql, () => this.#prepare(sql).safeIntegers(true));
  }

  #addPrepared(sql: string): CachedStatement {
    const driver = this.#prepare(sql);
    const statement = { driver, isReader: driver.reader };
    this.#prepared.add(sql, statement);
    return statement;
  }

  #prepare(sql: string): PreparedStatement {
    const statement = this.driver.prepare<unknown[]>(sql);
    return statement.reader ? statement.raw(true) : statement;
  }

  /** Discards all prepared statements. After a change of the schema, their columns may be wrong. */
  forgetStatements(): void {
    this.#prepared.clear();
    this.#preparedForPrisma.clear();
  }

  /**
   * Files of the database. A connection that writes must first read, because its first read creates the write-ahead
   * log.
   */
  get files(): DatabaseFiles {
    return this.#claim?.files() ?? filesAt(pathOf(this.driver));
  }

  close(): void {
    this.forgetStatements();
    this.driver.close();
    this.#claim?.release();
  }
}

// Reads row by row, to stop at a result that exceeds its bounds. Reading all rows at once would be slightly faster.
function collect(statement: PreparedStatement, args: readonly SqlValue[], bounds: AnswerBounds): Row[] {
  const size = new AnswerSize(bounds);
  const rows: Row[] = [];
  for (const row of statement.iterate(...args)) {
    for (const value of row) if (typeof value === 'string') size.add(value);
    rows.push(row);
  }
  return rows;
}

function openDriver({ path, driver }: SqliteSettings, options: ConnectionOptions): DriverConnection {
  try {
    // Sets SQLite's busy timeout to 0, because its wait would block the process. `whileBusy` waits for locks instead.
    return driver.open(path, { ...options, timeout: 0 });
  } catch (cause) {
    // The driver throws a TypeError without a code for a missing directory.
    if (cause instanceof TypeError)
      throw new Failure('UNAVAILABLE', 'the directory of the database does not exist', { cause });
    throw cause;
  }
}

/**
 * Returns the path of the open database that SQLite uses. SQLite resolves symbolic links when it opens a file, and
 * keeps the write-ahead log beside the real file.
 */
export function pathOf(driver: DriverConnection): string {
  // Does not use the table-valued function of this PRAGMA. The function would read the schema, which another process
  // may have locked. The cast is safe, because SQLite documents these columns.
  const databases = driver.pragma('database_list') as readonly { readonly name: string; readonly file: string }[];
  return databases.find(({ name }) => name === 'main')?.file ?? '';
}

/**
 * Switches the database to WAL mode. Returns the resulting journal mode. Leaves the database of another application
 * unchanged, because the mode is stored in the file. The migrator rejects such a database later.
 */
function useLog(driver: DriverConnection): string {
  assertUtf8(driver);
  const tables = driver.prepare<string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const isOthers = tables.length > 0 && !tables.includes('_prisma_migrations') && !tables.includes('security_events');
  if (!isOthers) driver.pragma('journal_mode = WAL');
  return isOthers ? String(driver.pragma('journal_mode', { simple: true })) : 'wal';
}

function configure(driver: DriverConnection): void {
  driver.pragma('foreign_keys = ON');
  driver.pragma('temp_store = MEMORY');
  driver.pragma(`cache_size = -${cacheKibibytes}`);
}

function assertPragma(driver: DriverConnection, name: string, expected: string | number): void {
  const actual = driver.pragma(name, { simple: true });
  if (actual !== expected)
    throw new Failure('UNAVAILABLE', `SQLite did not accept ${name} = ${expected}, which this package needs`);
}

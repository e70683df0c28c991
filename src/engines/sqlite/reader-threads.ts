import { uncountedLength } from '../../sql/answer-size';
import type { Row, Statement, StatementCost } from '../../sql/statement';
import type { SqliteConnection, SqliteSettings } from './connection';
import { ReaderThread } from './reader-thread';
import { ThreadLost } from './request-thread';

/**
 * Maximum number of reader threads of a database. With two threads, other statements can run during a slow statement.
 */
const maxThreads = 2;

/** Numbers of rows that decide whether a statement runs in a thread. */
interface DatabaseSize {
  /** Number of agents, or number of certificates if there are more certificates. */
  readonly directory: number;
  readonly events: number;
}

/**
 * Minimum number of rows at which a statement runs in a thread, by the cost of the statement. With fewer rows, a
 * statement should block the event loop for at most 50 ms: the slowest measured search took 90 ms for 25,000 agents.
 * The durations of earlier calls are not used, because they predict little: the same search takes a thousand times as
 * long for a popular capability as for a rare one.
 */
const minRows: Readonly<Record<StatementCost, readonly [size: keyof DatabaseSize, rows: number]>> = {
  scan: ['directory', 12_000],
  many: ['directory', 2000],
  scanEvents: ['events', 20_000],
  manyEvents: ['events', 2000],
};

/** Time in milliseconds for which a measured size of the database is reused. */
const sizeAgeMs = 250;

const sizeSql = `SELECT
  max(coalesce((SELECT max(rowid) FROM agents), 0), coalesce((SELECT max(rowid) FROM certificates), 0)),
  coalesce((SELECT max(rowid) FROM security_events), 0)`;

/** Reader threads of one database. The first statement that needs a thread starts it. */
export class ReaderThreads {
  readonly #settings: SqliteSettings;
  #threads: ReaderThread[] = [];
  #size: DatabaseSize = { directory: 0, events: 0 };
  #sizedAt = -Infinity;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
  }

  /**
   * Reports whether the statement should run in a thread.
   *
   * @param connection - connection that measures the size of the database.
   */
  isFor({ cost }: Statement, connection: SqliteConnection): boolean {
    if (cost === undefined) return false;
    const [size, rows] = minRows[cost];
    return this.#sizeOf(connection)[size] >= rows;
  }

  /**
   * Runs the statement in an idle thread, or else in the thread with the fewest pending statements. Returns the rows.
   * Returns undefined when the thread could not be started or has ended.
   *
   * @throws the other errors of {@link ReaderThread.query}.
   */
  async query(statement: Statement): Promise<readonly Row[] | undefined> {
    try {
      return await this.#choose().query(statement);
    } catch (error) {
      if (error instanceof ThreadLost) return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  #choose(): ReaderThread {
    this.#threads = this.#threads.filter(({ isLost }) => !isLost);
    const [idlest] = this.#threads.toSorted((one, other) => one.pending - other.pending);
    if (idlest !== undefined && (idlest.pending === 0 || this.#threads.length === maxThreads)) return idlest;
    const thread = new ReaderThread(this.#settings, uncountedLength);
    this.#threads.push(thread);
    return thread;
  }

  #sizeOf(connection: SqliteConnection): DatabaseSize {
    const now = performance.now();
    if (now - this.#sizedAt > sizeAgeMs) {
      const [directory, events] = connection.run({ sql: sizeSql, args: [] }).rows[0] ?? [];
      this.#size = { directory: Number(directory), events: Number(events) };
      this.#sizedAt = now;
    }
    return this.#size;
  }
}

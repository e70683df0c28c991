import { notInitialized } from '../../errors/failure';
import { tooLarge } from '../../sql/answer-size';
import type { Row, Statement } from '../../sql/statement';
import { Mutex } from '../../runtime/mutex';
import { toError } from './driver-thread';
import type { SqliteSettings } from './connection';
import { RequestThread } from './request-thread';

/**
 * Maximum number of rows in one message of a reader thread. `chunkLength` is the approximate maximum number of their
 * characters.
 */
const chunkRows = 500;
const chunkLength = 524_288;

/**
 * Maximum number of prepared statements of a reader thread. Preparing a search takes 1 to 3 ms, several times as long
 * as a selective search itself.
 */
const maxPrepared = 64;

// Source text of a reader thread. The thread measures a result as `AnswerSize` does, before it sends the result to the
// main thread.
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { chunkRows, chunkLength, uncountedLength, maxPrepared } = workerData;
  const connection = new Driver(workerData.path, { readonly: true, fileMustExist: true, timeout: workerData.timeout });
  connection.pragma('query_only = ON');
  connection.pragma('temp_store = MEMORY');
  const prepared = new Map();
  const prepare = (sql) => {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = connection.prepare(sql).raw(true);
      if (prepared.size === maxPrepared) prepared.delete(prepared.keys().next().value);
      prepared.set(sql, statement);
    }
    return statement;
  };
  let rows, bounds, length, values;
  const countValues = (text) => {
    const first = text.charCodeAt(0);
    let count = 1;
    if (first !== 0x7b && first !== 0x5b) return count;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === 0x2c) count += 1;
      else if ((code === 0x7b || code === 0x5b) && text.charCodeAt(index + 1) !== code + 2) count += 1;
    }
    return count;
  };
  const excessOf = (row) => {
    for (const value of row) {
      if (typeof value !== 'string') continue;
      length += value.length;
      if (length > bounds.maxLength) return 'characters';
      if (length > uncountedLength) values += countValues(value);
      if (values > bounds.maxValues) return 'values';
    }
  };
  const end = (message) => {
    const ended = rows;
    rows = undefined;
    ended?.return();
    parentPort.postMessage(message);
  };
  const handOver = () => {
    const chunk = [];
    for (const start = length; chunk.length < chunkRows && length - start < chunkLength; ) {
      const { done, value } = rows.next();
      if (done) return end({ rows: chunk, isLast: true });
      const excess = excessOf(value);
      if (excess !== undefined) return end({ excess });
      chunk.push(value);
    }
    parentPort.postMessage({ rows: chunk, isLast: false });
  };
  parentPort.on('message', (request) => {
    try {
      if (request.sql !== undefined) {
        [bounds, length, values] = [request.bounds, 0, 0];
        rows = prepare(request.sql).iterate(...request.args);
      }
      handOver();
    } catch ({ code, message }) {
      end({ failure: { code, message } });
    }
  });
`;

interface Answer {
  readonly rows?: Row[];
  readonly isLast?: boolean;
  readonly excess?: 'characters' | 'values';
  readonly failure?: { readonly code: unknown; readonly message: string };
}

/** Thread with a separate read-only connection, for statements that would block the event loop for long. */
export class ReaderThread {
  readonly #thread: RequestThread<Answer>;
  readonly #mutex = new Mutex();
  #pending = 0;

  constructor({ path, busyTimeoutMs, driver }: SqliteSettings, uncountedLength: number) {
    const data = { path, timeout: busyTimeoutMs, chunkRows, chunkLength, uncountedLength, maxPrepared };
    this.#thread = new RequestThread('reader', driver, program, data);
  }

  /** Number of statements that the thread is running or has queued. */
  get pending(): number {
    return this.#pending;
  }

  get isLost(): boolean {
    return this.#thread.isLost;
  }

  /**
   * Runs a read-only statement after all earlier statements of the thread.
   *
   * @throws RESULT_TOO_LARGE when the result exceeds its bounds; ThreadLost when the thread has ended; errors of the
   * driver, with their code.
   */
  async query({ sql, args, bounds = { maxLength: Infinity, maxValues: Infinity } }: Statement): Promise<Row[]> {
    this.#pending += 1;
    if (this.#pending === 1) this.#thread.ref();
    try {
      return await this.#mutex.runExclusive(async () => {
        const all: Row[] = [];
        // Requests each part of the result separately, so that other work of the process runs in between.
        for (let request: object = { sql, args, bounds }; ; request = {}) {
          const { rows = [], isLast = true, excess, failure } = await this.#thread.ask(request);
          if (failure !== undefined) throw toError(failure);
          if (excess !== undefined) throw tooLarge(bounds, excess);
          for (const row of rows) all.push(row);
          if (isLast) return all;
        }
      });
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#thread.unref();
    }
  }

  /** Ends the thread and closes its connection. Running reads fail. */
  close(): Promise<void> {
    return this.#thread.close(notInitialized());
  }
}

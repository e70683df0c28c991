import { Worker } from 'node:worker_threads';
import { notInitialized } from '../../errors/failure';
import { tooLarge } from '../../sql/answer-size';
import type { Row, Statement } from '../../sql/statement';
import { Mutex } from '../../runtime/mutex';
import { toError } from './driver-thread';
import type { SqliteSettings } from './connection';

/** Maximum number of rows, and approximate maximum number of their characters, that the thread sends at a time. */
const chunkRows = 500;
const chunkLength = 524_288;

// The thread runs source text instead of a file of this package: a bundled application may not contain the
// package's files. The thread counts a result as `AnswerSize` does, but before it sends the result to the main thread.
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Driver = require(workerData.driver);
  const { chunkRows, chunkLength, uncountedLength } = workerData;
  const connection = new Driver(workerData.path, { readonly: true, fileMustExist: true, timeout: workerData.timeout });
  connection.pragma('query_only = ON');
  connection.pragma('temp_store = MEMORY');
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
        rows = connection.prepare(request.sql).raw(true).iterate(...request.args);
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

/** Error of a thread that could not be started, or has ended. The statement can still run on another connection. */
export class ThreadLost extends Error {}

/** Thread with a read-only connection of its own, for statements that would block the event loop for long. */
export class ReaderThread {
  readonly #worker: Worker;
  readonly #mutex = new Mutex();
  #pending = 0;
  #settle: ((answer: Answer | Error) => void) | undefined;
  #end: Error | undefined;

  constructor({ path, busyTimeoutMs }: SqliteSettings, uncountedLength: number) {
    const driver = require.resolve('better-sqlite3');
    const workerData = { driver, path, timeout: busyTimeoutMs, chunkRows, chunkLength, uncountedLength };
    this.#worker = new Worker(program, { eval: true, workerData, execArgv: [] });
    this.#worker.on('message', (answer: Answer) => this.#settle?.(answer));
    this.#worker.on('error', (error) => this.#lose(new ThreadLost('the reader thread failed', { cause: error })));
    this.#worker.on('exit', () => this.#lose(new ThreadLost('the reader thread ended')));
    // An idle thread must not keep the process alive.
    this.#worker.unref();
  }

  /** Number of running and queued statements of the thread. */
  get pending(): number {
    return this.#pending;
  }

  get isLost(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Runs a read-only statement after all earlier ones.
   *
   * @throws RESULT_TOO_LARGE; {@link ThreadLost}; errors of the driver, with their code.
   */
  async query({ sql, args, bounds = { maxLength: Infinity, maxValues: Infinity } }: Statement): Promise<Row[]> {
    this.#pending += 1;
    if (this.#pending === 1) this.#worker.ref();
    try {
      return await this.#mutex.runExclusive(async () => {
        const all: Row[] = [];
        // Requests each chunk separately, so that other work of the process runs between two chunks.
        for (let request: object = { sql, args, bounds }; ; request = {}) {
          const { rows = [], isLast = true, excess, failure } = await this.#ask(request);
          if (failure !== undefined) throw toError(failure);
          if (excess !== undefined) throw tooLarge(bounds, excess);
          for (const row of rows) all.push(row);
          if (isLast) return all;
        }
      });
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#worker.unref();
    }
  }

  /** Ends the thread and its connection. Running reads fail. */
  async close(): Promise<void> {
    this.#lose(notInitialized());
    await this.#worker.terminate();
  }

  async #ask(request: object): Promise<Answer> {
    if (this.#end !== undefined) throw this.#end;
    const answer = await new Promise<Answer | Error>((resolve) => {
      this.#settle = resolve;
      this.#worker.postMessage(request);
    });
    this.#settle = undefined;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  #lose(reason: Error): void {
    this.#end ??= reason;
    this.#settle?.(this.#end);
  }
}

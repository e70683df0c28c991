import { Worker } from 'node:worker_threads';
import type { SqliteDriver } from './driver/driver';
import { threadArguments } from './driver-thread';

/** Error of a request to a thread that has ended, or that could not be started. */
export class ThreadLost extends Error {}

/** Thread with the SQLite driver that answers one request at a time. An idle thread does not keep the process alive. */
export class RequestThread<Answer extends object> {
  readonly #worker: Worker;
  #settle: ((answer: Answer | Error) => void) | undefined;
  #end: Error | undefined;

  /**
   * Starts the thread.
   *
   * @param name - name of the thread in the messages of its errors.
   * @param program - source text of the thread, which can use `Driver`. It answers each message of `parentPort` with
   * one message. A file would not work, because a bundled application may not contain the files of this package.
   * @param workerData - data that the thread can read.
   * @throws errors of Node.js when no thread can be started.
   */
  constructor(name: string, driver: SqliteDriver, program: string, workerData: object = {}) {
    this.#worker = new Worker(driver.threadSource + program, { eval: true, workerData, execArgv: threadArguments() });
    this.#worker.on('message', (answer: Answer) => this.#settle?.(answer));
    this.#worker.on('error', (error) => this.#lose(new ThreadLost(`the ${name} thread failed`, { cause: error })));
    this.#worker.on('exit', () => this.#lose(new ThreadLost(`the ${name} thread ended`)));
    this.#worker.unref();
  }

  get isLost(): boolean {
    return this.#end !== undefined;
  }

  /** Makes the thread keep the process alive until {@link unref} is called. */
  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  /**
   * Returns the answer to a request. Call this method only after the answer to the previous request.
   *
   * @throws ThreadLost when the thread has ended
   */
  async ask(request: object): Promise<Answer> {
    if (this.#end !== undefined) throw this.#end;
    const answer = await new Promise<Answer | Error>((resolve) => {
      this.#settle = resolve;
      this.#worker.postMessage(request);
    });
    this.#settle = undefined;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** Ends the thread. Running and later requests fail with `reason`. */
  async close(reason: Error): Promise<void> {
    this.#lose(reason);
    await this.#worker.terminate();
  }

  #lose(reason: Error): void {
    this.#end ??= reason;
    this.#settle?.(this.#end);
  }
}

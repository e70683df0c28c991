import type { Socket } from 'node:net';
import { join } from 'node:path';
import { startProcess, type TestProcess } from '../support/child-process';
import { LocalServer } from '../support/local-server';

/** The result of a call in the other process. */
export interface Outcome {
  readonly code: string;
  readonly retryable?: boolean;
  readonly message?: string;
}

/** A process that uses servers which may send anything. */
export class Victim {
  readonly #process: TestProcess = startProcess(join(__dirname, 'hostile-server-process.ts'));
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #count = 0;

  constructor() {
    this.#process.lines.on('line', (line) => {
      // The form that the process writes.
      const { id, ...outcome } = JSON.parse(line) as Outcome & { readonly id: number };
      this.#waiting.get(id)?.(outcome);
    });
  }

  /** Has it do something. Fails where the process has ended. */
  async do(work: string, url: string): Promise<Outcome> {
    this.#count += 1;
    const id = this.#count;
    const answered = new Promise<Outcome>((resolve) => this.#waiting.set(id, resolve));
    this.#process.child.stdin?.write(`${JSON.stringify({ id, work, url })}\n`);
    const ended = this.#process.ended.then((code) => Promise.reject(new Error(`The process ended with ${code}`)));
    return Promise.race([answered, ended]);
  }
}

/** Starts a server that calls `onData` for each piece that a client sends, with the number of the piece; returns a URL. */
export async function startHostileServer(onData: (socket: Socket, count: number) => unknown): Promise<string> {
  const local = await LocalServer.start((socket) => {
    let count = 0;
    socket.on('data', () => {
      count += 1;
      onData(socket, count);
    });
  });
  return local.url('postgresql://ans:secret@127.0.0.1/ans');
}

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

/** A process that connects to servers that may send any bytes. */
export class Victim {
  readonly #process: TestProcess = startProcess(join(__dirname, 'hostile-server-process.ts'));
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #count = 0;

  constructor() {
    this.#process.lines.on('line', (line) => {
      // hostile-server-process.ts writes lines of this form.
      const { id, ...outcome } = JSON.parse(line) as Outcome & { readonly id: number };
      this.#waiting.get(id)?.(outcome);
    });
  }

  /** Sends a command to the process and returns its outcome. Fails when the process has ended. */
  async do(work: string, url: string): Promise<Outcome> {
    this.#count += 1;
    const id = this.#count;
    const answered = new Promise<Outcome>((resolve) => this.#waiting.set(id, resolve));
    this.#process.child.stdin?.write(`${JSON.stringify({ id, work, url })}\n`);
    const ended = this.#process.ended.then((code) => Promise.reject(new Error(`The process ended with ${code}`)));
    return Promise.race([answered, ended]);
  }
}

/**
 * Starts a server that calls `onData` for each chunk that a client sends, with the number of the chunk. Returns a URL.
 */
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

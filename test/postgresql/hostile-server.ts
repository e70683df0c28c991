import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { startProcess, type TestProcess } from '../support/child-process';
import { afterTest } from '../support/test-database';

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

/** Starts a server that answers whatever a client sends as it is told; gives the URL of a database of it. */
export async function startHostileServer(onData: (socket: Socket, count: number) => unknown): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let count = 0;
    sockets.add(socket.on('error', () => undefined));
    socket.on('data', () => {
      count += 1;
      onData(socket, count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return `postgresql://ans:secret@127.0.0.1:${port}/ans`;
}

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterTest } from './test-database';

/** A TCP server on a free port of 127.0.0.1. It is closed with all of its connections after the test. */
export class LocalServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(onConnection: (socket: Socket) => unknown) {
    this.#server = createServer((socket) => onConnection(this.keep(socket)));
  }

  static async start(onConnection: (socket: Socket) => unknown): Promise<LocalServer> {
    const local = new LocalServer(onConnection);
    await new Promise<void>((resolve) => local.#server.listen(0, '127.0.0.1', resolve));
    afterTest(() => local.close());
    return local;
  }

  get port(): number {
    // `address()` returns an object while the server listens on a port.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Returns the URL with the host and the port of this server. */
  url(url: string, host = '127.0.0.1'): string {
    return Object.assign(new URL(url), { hostname: host, port: String(this.port) }).href;
  }

  /** Registers another socket to be destroyed at the end, and ignores its errors. */
  keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
  }

  get sockets(): readonly Socket[] {
    return [...this.#sockets];
  }

  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.destroyConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

import { connect, type Socket } from 'node:net';
import { LocalServer } from './local-server';

/** The moment at which a connection is cut: before the server gets what a client sends, or after it has answered. */
export type CutMoment = 'before' | 'after';

/** A proxy between clients and a server that cuts connections, drops messages or changes them. It closes after the test. */
export class TcpProxy {
  #local: LocalServer | undefined;
  #target: number;
  #greeting: Buffer | undefined;
  #isSilent = false;
  #isMute = false;
  /** Connections on which `whisper` has sent a statement, with the callback for the reply. */
  readonly #whispering = new Map<Socket, () => void>();
  #replacement: readonly [from: Buffer, to: Buffer] | undefined;
  #mishearing: readonly [from: Buffer, to: Buffer] | undefined;
  #cut: { readonly text: string; readonly moment: CutMoment; times: number } | undefined;
  /** The number of connections that were cut since `cutAt`. */
  cuts = 0;
  /** The number of connections that clients made. */
  connections = 0;
  #heard: Buffer[] | undefined;

  private constructor(target: number) {
    this.#target = target;
  }

  /** Starts a proxy in front of the server of a URL, or of a port of 127.0.0.1. */
  static async start(target: string | number): Promise<TcpProxy> {
    const proxy = new TcpProxy(portOf(target));
    proxy.#local = await LocalServer.start((client) => proxy.#connect(client));
    return proxy;
  }

  /** Returns the URL that leads to the same database through this proxy. */
  url(url: string): string {
    return this.#server.url(url);
  }

  /** Cuts the next `times` connections whose client sends this text. */
  cutAt(text: string, moment: CutMoment, times = 1): void {
    this.cuts = 0;
    this.#cut = { text, moment, times };
  }

  stopCutting(): void {
    this.#cut = undefined;
  }

  /** Records the data that clients send from now on. The returned function returns the received chunks. */
  listen(): () => readonly Buffer[] {
    const heard: Buffer[] = [];
    this.#heard = heard;
    return () => heard;
  }

  /** Replaces a text in all answers of the server by another of the same length. */
  replace(from: string, to: string): void {
    this.#replacement = [Buffer.from(from), Buffer.from(to)];
  }

  /** Replaces a text in the next message of a client that contains it by another of the same length. */
  mishear(from: string, to: string): void {
    this.#mishearing = [Buffer.from(from), Buffer.from(to)];
  }

  /** Sends bytes to all clients as if the server had sent them. */
  say(bytes: Buffer): void {
    for (const socket of this.#server.sockets) if (socket.remotePort !== this.#target) socket.write(bytes);
  }

  /** Answers new connections with these bytes and never connects them to the server. */
  greet(bytes: Buffer): void {
    this.#greeting = bytes;
  }

  /** Connects new clients to the server of another URL or port. */
  retarget(target: string | number): void {
    this.#target = portOf(target);
  }

  /** Drops all data in both directions from now on, but leaves the connections open. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Drops all answers of the server from now on. */
  mute(): void {
    this.#isMute = true;
  }

  /** Ends `silence` and `mute`, and cuts all connections, whose messages are lost. */
  restore(): void {
    this.#isSilent = false;
    this.#isMute = false;
    this.cutAll();
  }

  /** Runs a statement on every connection without the knowledge of the client. All connections must be idle. */
  async whisper(sql: string): Promise<void> {
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from('Q....');
    head.writeUInt32BE(text.length + 4, 1);
    const servers = this.#server.sockets.filter(({ remotePort }) => remotePort === this.#target);
    const answers = servers.map((server) => new Promise<void>((resolve) => this.#whispering.set(server, resolve)));
    for (const server of servers) server.write(Buffer.concat([head, text]));
    await Promise.all(answers);
  }

  cutAll(): void {
    this.#server.destroyConnections();
  }

  get #server(): LocalServer {
    if (this.#local === undefined) throw new Error('the proxy is not started');
    return this.#local;
  }

  #connect(client: Socket): void {
    this.connections += 1;
    const greeting = this.#greeting;
    if (greeting !== undefined) {
      client.once('data', () => client.write(greeting));
      return;
    }
    const server = this.#server.keep(connect(this.#target, '127.0.0.1'));
    const pair = [client, server];
    let isDoomed = false;
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('close', () => {
        for (const end of pair) end.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.#isSilent) return;
      this.#heard?.push(data);
      this.#distort(data);
      const cut = this.#cut;
      if (cut !== undefined && cut.times > 0 && data.includes(cut.text)) {
        cut.times -= 1;
        this.cuts += 1;
        isDoomed = true;
        if (cut.moment === 'before') client.destroy();
      }
      if (!client.destroyed) server.write(data);
    });
    server.on('data', (data) => {
      const heard = this.#whispering.get(server);
      if (heard !== undefined) {
        // The last message of an answer, ReadyForQuery, has six bytes.
        if (data.at(-6) !== 'Z'.charCodeAt(0)) return;
        this.#whispering.delete(server);
        heard();
      } else if (isDoomed) client.destroy();
      else if (!this.#isSilent && !this.#isMute) client.write(this.#edit(data));
    });
  }

  #distort(data: Buffer): void {
    const [from, to] = this.#mishearing ?? [];
    if (from === undefined || to === undefined || !data.includes(from)) return;
    this.#mishearing = undefined;
    to.copy(data, data.indexOf(from));
  }

  #edit(data: Buffer): Buffer {
    const [from, to] = this.#replacement ?? [];
    if (from === undefined || to === undefined) return data;
    for (let at = data.indexOf(from); at >= 0; at = data.indexOf(from, at + 1)) to.copy(data, at);
    return data;
  }
}

function portOf(target: string | number): number {
  return typeof target === 'number' ? target : Number(new URL(target).port);
}

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** When a connection is cut: before the server gets what a client sends, or after it has answered. */
export type CutMoment = 'before' | 'after';

/** A network between clients and a server that can fail: it cuts connections, or lets nothing pass. */
export class TcpProxy {
  readonly #server: Server;
  #target: number;
  readonly #sockets = new Set<Socket>();
  #greeting: Buffer | undefined;
  #isSilent = false;
  #isMute = false;
  /** Connections to the server that have been sent something of which their clients know nothing. */
  readonly #whispering = new Map<Socket, () => void>();
  #replacement: readonly [from: Buffer, to: Buffer] | undefined;
  #mishearing: readonly [from: Buffer, to: Buffer] | undefined;
  #cut: { readonly text: string; readonly moment: CutMoment; times: number } | undefined;
  /** How many connections were cut since `cutAt`. */
  cuts = 0;
  /** How many connections were made. */
  connections = 0;
  /** What clients have sent, a piece at a time as it came, since `listen`. */
  #heard: Buffer[] | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#connect(client));
  }

  /** Starts one before the server on a port of 127.0.0.1. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The same database, through it. */
  url(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    // A server that listens on a port has an address of this form.
    through.port = String((this.#server.address() as AddressInfo).port);
    return through.href;
  }

  /** Cuts connections whose client sends this text, as often as said. */
  cutAt(text: string, moment: CutMoment, times = 1): void {
    this.cuts = 0;
    this.#cut = { text, moment, times };
  }

  /** Cuts no more connections. */
  stopCutting(): void {
    this.#cut = undefined;
  }

  /** Listens to what clients send from now on; the function gives what it was. */
  listen(): () => readonly Buffer[] {
    const heard: Buffer[] = [];
    this.#heard = heard;
    return () => heard;
  }

  /** Has the server say something else of the same length. */
  replace(from: string, to: string): void {
    this.#replacement = [Buffer.from(from), Buffer.from(to)];
  }

  /** Has clients say something else of the same length, once. */
  mishear(from: string, to: string): void {
    this.#mishearing = [Buffer.from(from), Buffer.from(to)];
  }

  /** Sends this to all clients, as if the server had said it. */
  say(bytes: Buffer): void {
    for (const socket of this.#sockets) if (socket.remotePort !== this.#target) socket.write(bytes);
  }

  /** Has new connections be answered with this, and never reach the server. */
  greet(bytes: Buffer): void {
    this.#greeting = bytes;
  }

  /** Leads new connections to another server. */
  retarget(target: number): void {
    this.#target = target;
  }

  /** Lets nothing pass from now on, as a network that has lost its way: connections stay open. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Lets what clients send pass, and no answer. */
  mute(): void {
    this.#isMute = true;
  }

  /** Sends the server a statement on every connection, which has to be idle; the clients hear nothing of it. */
  async whisper(sql: string): Promise<void> {
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from('Q....');
    head.writeUInt32BE(text.length + 4, 1);
    const servers = [...this.#sockets].filter(({ remotePort }) => remotePort === this.#target);
    const answers = servers.map((server) => new Promise<void>((resolve) => this.#whispering.set(server, resolve)));
    for (const server of servers) server.write(Buffer.concat([head, text]));
    await Promise.all(answers);
  }

  /** Ends the silence. What was sent meanwhile is lost, and its connections with it. */
  restore(): void {
    this.#isSilent = false;
    this.#isMute = false;
    this.cutAll();
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: Socket): void {
    this.connections += 1;
    const greeting = this.#greeting;
    if (greeting !== undefined) {
      this.#sockets.add(client.on('error', () => undefined));
      client.once('data', () => client.write(greeting));
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    const pair = [client, server];
    let isDoomed = false;
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const end of pair) end.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.#isSilent) return;
      this.#heard?.push(data);
      const [from, to] = this.#mishearing ?? [];
      if (from !== undefined && to !== undefined && data.includes(from)) {
        this.#mishearing = undefined;
        to.copy(data, data.indexOf(from));
      }
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
        // The last of an answer tells the state of the connection.
        if (data.at(-6) !== 'Z'.charCodeAt(0)) return;
        this.#whispering.delete(server);
        heard();
      } else if (isDoomed) client.destroy();
      else if (!this.#isSilent && !this.#isMute) client.write(this.#edit(data));
    });
  }

  #edit(data: Buffer): Buffer {
    const [from, to] = this.#replacement ?? [];
    if (from === undefined || to === undefined) return data;
    for (let at = data.indexOf(from); at >= 0; at = data.indexOf(from, at + 1)) to.copy(data, at);
    return data;
  }
}

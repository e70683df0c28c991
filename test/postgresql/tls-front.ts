import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { temporaryDirectory } from '../support/test-database';

/** The reason why no certificates can be made; undefined when they can. */
export const whyNoCertificates = hasOpenssl() ? undefined : 'there is no openssl command to make certificates with';

/** The files of a server's certificate and of its key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that issues certificates. */
export class Authority {
  readonly certificate: string;
  readonly #directory = temporaryDirectory();

  constructor() {
    this.certificate = this.#path('ca.crt');
    const output = [...newKey(this.#path('ca.key')), '-out', this.certificate];
    openssl('req', '-x509', ...output, '-subj', '/CN=Test CA', '-days', '10');
  }

  /** Issues a certificate for a server of this name, which is valid for so many days from now. */
  issue(name: string, days: number): CertificateFiles {
    const path = this.#path(`${name}${days}`);
    const [certificate, key, request] = [`${path}.crt`, `${path}.key`, `${path}.csr`];
    openssl('req', ...newKey(key), '-out', request, '-subj', `/CN=${name}`);
    const issuer = ['-CA', this.certificate, '-CAkey', this.#path('ca.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', request, ...issuer, '-days', String(days), '-out', certificate);
    return { certificate, key };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Encrypts connections to a server that does not, with a certificate that can be exchanged. */
export class TlsFront {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #context: SecureContext;

  private constructor(target: number, files: CertificateFiles) {
    this.#target = target;
    this.#context = contextOf(files);
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: number, files: CertificateFiles): Promise<TlsFront> {
    const front = new TlsFront(target, files);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  /** The same database through it, with these parameters. */
  url(url: string, host: string, parameters: Readonly<Record<string, string>>): string {
    const through = new URL(url);
    through.hostname = host;
    // A server that listens on a port has an address of this form.
    through.port = String((this.#server.address() as AddressInfo).port);
    for (const [name, value] of Object.entries(parameters)) through.searchParams.set(name, value);
    return through.href;
  }

  /** Presents another certificate from now on, and ends all connections. */
  exchange(files: CertificateFiles): void {
    this.#context = contextOf(files);
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.#keep(client);
    // The request for encryption, which comes before all else.
    client.once('data', () => {
      client.write('S');
      const encrypted = new TLSSocket(client, { isServer: true, secureContext: this.#context });
      const server = this.#keep(connect(this.#target, '127.0.0.1'));
      encrypted.on('error', () => server.destroy());
      encrypted.pipe(server).pipe(encrypted);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    return socket.on('close', () => this.#sockets.delete(socket));
  }
}

function newKey(path: string): readonly string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function contextOf({ certificate, key }: CertificateFiles): SecureContext {
  return createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key) });
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}

function hasOpenssl(): boolean {
  try {
    openssl('version');
    return true;
  } catch {
    return false;
  }
}

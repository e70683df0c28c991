import { DatabaseService, type DatabaseOptions } from '../../src';
import { administer } from './administration';
import { certificateInput } from './factories';
import type { PostgresqlServer } from './postgresql-server';
import { openTestDatabase } from './test-database';
import { startOwnServer } from './own-server';

/** A server of a file's own on whose disk is what is acknowledged, with a database that holds the certificate `c`. */
export class DurableServer {
  #server: PostgresqlServer | undefined;

  get server(): PostgresqlServer {
    if (this.#server === undefined) throw new Error('The server runs inside of tests only');
    return this.#server;
  }

  /** Where the database is. */
  get url(): string {
    return this.server.url('work');
  }

  async start(): Promise<void> {
    this.#server = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on' } });
    await administer(this.server.url(), 'CREATE DATABASE work');
    await using db = new DatabaseService({ url: this.url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c' }));
  }

  async remove(): Promise<void> {
    await this.#server?.remove();
  }

  async open(options: DatabaseOptions = {}): Promise<DatabaseService> {
    const { db } = await openTestDatabase({ url: this.url, pool: { connectTimeoutMs: 2000 }, ...options });
    return db;
  }

  /** How many rows there are of what follows FROM. */
  async count(sql: string): Promise<number> {
    const [row] = await administer(this.url, `SELECT count(*)::integer AS n FROM ${sql}`);
    return Number(row?.['n']);
  }
}

/** One for all tests of a `describe`, each of which fails where something is thrown that nobody catches. */
export function shareDurableServer(): DurableServer {
  const durable = new DurableServer();
  const uncaught: unknown[] = [];
  const noteUncaught = (error: unknown): void => void uncaught.push(error);
  beforeAll(async () => {
    await durable.start();
    process.on('uncaughtException', noteUncaught);
    process.on('unhandledRejection', noteUncaught);
  });
  afterAll(async () => {
    process.off('uncaughtException', noteUncaught);
    process.off('unhandledRejection', noteUncaught);
    await durable.remove();
  });
  afterEach(() => expect(uncaught.splice(0)).toEqual([]));
  return durable;
}

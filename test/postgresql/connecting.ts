import { DatabaseService, type DatabaseErrorCode, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { createAgent } from '../support/factories';
import type { PostgresqlServer, ServerRole, ServerSettings } from '../support/postgresql-server';
import { startOwnServer } from '../support/own-server';
import { failToOpen, type OpeningFailure } from './told';

export const connectTimeoutMs = 1500;
const aLittleMs = 500;

/** The password of whoever connects, which nothing may show. */
export const secret = 'sEcr3t-p@ss/word';

/** The same as a URL holds it. */
export const secretInUrl = encodeURIComponent(secret);

/** A server of a file's own with the database `migrated`, which holds the agent `known`. */
export class Target {
  #server: PostgresqlServer | undefined;

  get server(): PostgresqlServer {
    if (this.#server === undefined) throw new Error('The server runs inside of tests only');
    return this.#server;
  }

  /** Where the database with tables is. */
  get migrated(): string {
    return this.server.url('migrated');
  }

  async start(settings?: ServerSettings): Promise<void> {
    this.#server = await startOwnServer({ settings });
    await administer(this.server.url(), 'CREATE DATABASE migrated');
    await using db = new DatabaseService({ url: this.migrated, migrations: 'apply' });
    await db.initialize();
    await createAgent(db, { id: 'known' });
  }

  async remove(): Promise<void> {
    await this.#server?.remove();
  }

  /** The URL of the database with tables for a new role, which has these privileges. */
  async urlOfRole(name: string, privileges: string): Promise<string> {
    const role: ServerRole = { name, password: secret };
    await administer(this.migrated, `CREATE ROLE ${name} LOGIN PASSWORD '${secret}'; ${privileges}`);
    return this.server.url('migrated', role);
  }

  /** Tries to open what cannot be opened; the failure is told as it has to be. */
  async failToConnect(
    url: string,
    code: DatabaseErrorCode,
    retryable: boolean,
    options: DatabaseOptions = {},
  ): Promise<OpeningFailure> {
    const failure = await failToOpen({ url, pool: { connectTimeoutMs }, ...options });
    this.expectFailure(failure, code, retryable);
    return failure;
  }

  /** It has come in time, says what it is, and shows no password. */
  expectFailure({ error, told, durationMs }: OpeningFailure, code: DatabaseErrorCode, retryable: boolean): void {
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable });
    expect(durationMs).toBeLessThan(connectTimeoutMs + aLittleMs);
    expect(error.message).toMatch(/^(Failed to initialize database|Migration failed): \w/);
    for (const password of [secret, secretInUrl, this.server.superuser.password]) {
      expect(told).not.toContain(password);
    }
  }
}

/** One for all tests of a `describe`. */
export function shareTarget(settings?: ServerSettings): Target {
  const target = new Target();
  beforeAll(() => target.start(settings));
  afterAll(() => target.remove());
  return target;
}

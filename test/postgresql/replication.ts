import { DatabaseService, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { agentInput, certificateInput } from '../support/factories';
import type { PostgresqlServer } from '../support/postgresql-server';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { startOwnServer } from '../support/own-server';

export const maxReplicaLagMs = 600;

/** A service with replicas, and all that its logger was told. */
export interface Opened {
  readonly db: DatabaseService;
  readonly told: unknown[];
}

/** A primary and two standbys of a file's own, with a database that holds the certificate `c` and the agent `a`. */
export class Replication {
  #servers: readonly PostgresqlServer[] = [];
  #written = 0;

  get primary(): PostgresqlServer {
    return this.#server(0);
  }

  /** The primary first. */
  get running(): readonly PostgresqlServer[] {
    return this.#servers.filter(({ isRunning }) => isRunning);
  }

  /** Where the database is on the primary. */
  get url(): string {
    return this.primary.url('work');
  }

  async start(): Promise<void> {
    const primary = await startOwnServer();
    this.#servers = [primary];
    const standbys = [await primary.createStandby(), await primary.createStandby()];
    this.#servers = [primary, ...standbys];
    await Promise.all(standbys.map((standby) => standby.start()));
    await administer(primary.url(), 'CREATE DATABASE work');
    await using db = new DatabaseService({ url: this.url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AB:CD' }));
    await db.createAgent(agentInput({ id: 'a', certificateId: 'c' }));
    await this.caughtUp();
  }

  async remove(): Promise<void> {
    for (const server of [...this.#servers].reverse()) await server.remove();
  }

  standby(index = 0): PostgresqlServer {
    return this.#server(index + 1);
  }

  replicaUrl(index = 0): string {
    return this.standby(index).url('work');
  }

  /** Opens the database with the first standby for a replica, unless told otherwise. */
  async open(options: DatabaseOptions = {}): Promise<Opened> {
    const told: unknown[] = [];
    const hear = (...args: unknown[]): void => void told.push(args);
    const db = new DatabaseService({
      url: this.url,
      replicaUrls: [this.replicaUrl()],
      maxReplicaLagMs,
      pool: { connectTimeoutMs: 2000 },
      logger: { debug: hear, info: hear, warn: hear, error: hear },
      ...options,
    });
    afterTest(() => db.close());
    await db.initialize();
    return { db, told };
  }

  /** Registers an agent, and gives its id. */
  async write(db: DatabaseService): Promise<string> {
    this.#written += 1;
    return db.createAgent(agentInput({ id: `w${this.#written}`, certificateId: 'c', owner: 'writer' }));
  }

  /** Waits until the standbys have all that the primary has. */
  async caughtUp(): Promise<void> {
    const [row] = await administer(this.url, 'SELECT pg_current_wal_lsn() AS position');
    const sql = `SELECT pg_last_wal_replay_lsn() >= '${String(row?.['position'])}' AS is_there`;
    for (const standby of [this.standby(0), this.standby(1)]) {
      await waitUntil(async () => (await administer(standby.url(), sql))[0]?.['is_there'] === true);
    }
  }

  /** Does `work` while a standby takes in nothing new. */
  async whilePaused<T>(work: () => Promise<T>, index = 0): Promise<T> {
    const url = this.standby(index).url();
    await administer(url, 'SELECT pg_wal_replay_pause()');
    try {
      const state = 'SELECT pg_get_wal_replay_pause_state() AS state';
      await waitUntil(async () => (await administer(url, state))[0]?.['state'] === 'paused');
      return await work();
    } finally {
      await administer(url, 'SELECT pg_wal_replay_resume()');
      await this.caughtUp();
    }
  }

  #server(index: number): PostgresqlServer {
    const server = this.#servers[index];
    if (server === undefined) throw new Error('The servers run inside of tests only');
    return server;
  }
}

/** One for all tests of a `describe`. */
export function shareReplication(): Replication {
  const replication = new Replication();
  beforeAll(() => replication.start());
  afterAll(() => replication.remove());
  return replication;
}

/** Whether reads come from the replica while it is held up, which then lacks what was written. */
export async function comesFromReplica(db: DatabaseService, id: string): Promise<boolean> {
  return (await db.getAgent(id)) === null;
}

/** Waits until a replica serves that did not. */
export async function replicaServesAgain({ db, told }: Opened): Promise<void> {
  await waitUntil(async () => {
    await db.getAgent('a');
    return JSON.stringify(told.at(-1)).includes('serves');
  });
}

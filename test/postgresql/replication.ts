import { DatabaseService, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { agentInput, certificateInput } from '../support/factories';
import { createMigratedDatabase, startOwnServer } from '../support/own-server';
import type { PostgresqlServer } from '../support/postgresql-server';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

export const maxReplicaLagMs = 600;

/** A service with replicas, and the arguments of all calls of its logger. */
export interface Opened {
  readonly db: DatabaseService;
  readonly log: unknown[];
}

/** A primary and two standbys, with a database that holds the certificate `c` and the agent `a`. */
export class Replication {
  #servers: readonly PostgresqlServer[] = [];
  #written = 0;

  get primary(): PostgresqlServer {
    return this.#server(0);
  }

  /** The running servers, the primary first. */
  get running(): readonly PostgresqlServer[] {
    return this.#servers.filter(({ isRunning }) => isRunning);
  }

  /** The URL of the database on the primary. */
  get url(): string {
    return this.primary.url('work');
  }

  async start(): Promise<void> {
    const primary = await startOwnServer();
    this.#servers = [primary];
    const standbys = [await primary.createStandby(), await primary.createStandby()];
    this.#servers = [primary, ...standbys];
    await Promise.all(standbys.map((standby) => standby.start()));
    await createMigratedDatabase(primary, 'work', async (db) => {
      await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AB:CD' }));
      await db.createAgent(agentInput({ id: 'a', certificateId: 'c' }));
    });
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

  /** Opens the database with the first standby as the replica, unless the options say otherwise. */
  async open(options: DatabaseOptions = {}): Promise<Opened> {
    const { logger, entries } = collectLog();
    const db = new DatabaseService({
      url: this.url,
      replicaUrls: [this.replicaUrl()],
      maxReplicaLagMs,
      pool: { connectTimeoutMs: 2000 },
      logger,
      ...options,
    });
    afterTest(() => db.close());
    await db.initialize();
    return { db, log: entries };
  }

  /** Opens the database through a proxy in front of the primary. */
  async openBehindProxy(options: DatabaseOptions = {}): Promise<Opened & { readonly proxy: TcpProxy }> {
    const proxy = await TcpProxy.start(this.primary.port);
    return { ...(await this.open({ url: proxy.url(this.url), ...options })), proxy };
  }

  /** Opens the database with a standby as the replica, through a proxy in front of the standby. */
  async openWithReplicaBehindProxy(others: readonly string[] = []): Promise<Opened & { readonly proxy: TcpProxy }> {
    const proxy = await TcpProxy.start(this.standby().port);
    return { ...(await this.open({ replicaUrls: [proxy.url(this.replicaUrl()), ...others] })), proxy };
  }

  /** Registers an agent and returns its id. */
  async write(db: DatabaseService): Promise<string> {
    this.#written += 1;
    return db.createAgent(agentInput({ id: `w${this.#written}`, certificateId: 'c', owner: 'writer' }));
  }

  /** Waits until both standbys have replayed all changes of the primary. */
  async caughtUp(): Promise<void> {
    const [row] = await administer(this.url, 'SELECT pg_current_wal_lsn() AS position');
    const sql = `SELECT pg_last_wal_replay_lsn() >= '${String(row?.['position'])}' AS is_there`;
    for (const standby of [this.standby(0), this.standby(1)]) {
      await waitUntil(async () => (await administer(standby.url(), sql))[0]?.['is_there'] === true);
    }
  }

  /** Calls `work` while a standby does not replay changes. */
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
    if (server === undefined) throw new Error('the servers run inside of tests only');
    return server;
  }
}

/** Starts the servers before the tests of a `describe` and removes them after it. */
export function shareReplication(): Replication {
  const replication = new Replication();
  beforeAll(() => replication.start());
  afterAll(() => replication.remove());
  return replication;
}

/** Reports whether a read comes from the paused replica, which lacks the agent. */
export async function comesFromReplica(db: DatabaseService, id: string): Promise<boolean> {
  return (await db.getAgent(id)) === null;
}

/** Waits until the log says that a replica serves reads again. */
export async function replicaServesAgain({ db, log }: Opened): Promise<void> {
  await waitUntil(async () => {
    await db.getAgent('a');
    return JSON.stringify(log.at(-1)).includes('serves');
  });
}

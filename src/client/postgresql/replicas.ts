import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaHealth } from '../../diagnostics/health';
import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { PostgresqlConnections } from './postgresql-connections';

export interface ReplicaSettings {
  readonly pool: PoolSettings;
  /** How far behind an answer may be, in milliseconds. */
  readonly maxLagMs: number;
}

/** How long a replica may take to say how far it is: one that does not answer must not slow reads down. */
const longestWaitMs = 200;
const longestIntervalMs = 1000;

const primaryPositionSql = 'SELECT pg_current_wal_lsn()';
// Null for a server that is no standby, such as the primary itself: it does not lag behind anything.
const replicaPositionSql = 'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END';

/** Where the primary's log was at a time. */
interface Sample {
  readonly takenAt: number;
  readonly position: bigint;
}

/** One replica, and up to which time it is known to have what the primary had. */
class Replica {
  readonly connections: PostgresqlConnections;
  /** Its own way to ask for the position: reads that take their time, and all connections, do not stand in this one's. */
  readonly #control: PostgresqlConnections;
  readonly index: number;
  currentAsOf = Number.NEGATIVE_INFINITY;
  isServing = false;
  /** Whether it answered when it was asked last. */
  isAnswering = true;
  #asking: Promise<bigint | null> | undefined;

  constructor(location: PostgresqlLocation, pool: PoolSettings, index: number) {
    this.connections = new PostgresqlConnections(location, pool);
    this.#control = new PostgresqlConnections(location, { ...pool, maxConnections: 1 });
    this.index = index;
  }

  /** Where it is in the log, null for a server that is no standby. One that does not answer soon loses its connections. */
  askPosition(): Promise<bigint | null> {
    this.#asking ??= this.#askPosition().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.#control.close()]);
  }

  giveUp(): void {
    this.connections.giveUp();
    this.#control.giveUp();
  }

  async #askPosition(): Promise<bigint | null> {
    try {
      const position = await within(longestWaitMs, positionOf(this.#control, replicaPositionSql));
      this.isAnswering = true;
      return position;
    } catch (error) {
      this.isAnswering = false;
      this.currentAsOf = Number.NEGATIVE_INFINITY;
      // Whoever waits there for an answer gets the primary's now.
      this.connections.giveUpBusy();
      this.#control.giveUpBusy();
      throw error;
    }
  }
}

/**
 * The read replicas of a database. The time since a transaction was last replayed says nothing about a replica that is
 * cut off, or about an idle primary. So the position of the primary's log is noted from time to time: a replica that has
 * replayed up to a note knows at least all that the primary knew when it was taken.
 */
export class Replicas {
  readonly #primary: PostgresqlConnections;
  readonly #replicas: readonly Replica[];
  readonly #maxLagMs: number;
  readonly #diagnostics: Diagnostics;
  #samples: Sample[] = [];
  #lastCheckAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  #turn = 0;

  constructor(
    primary: PostgresqlConnections,
    locations: readonly PostgresqlLocation[],
    { pool, maxLagMs }: ReplicaSettings,
    diagnostics: Diagnostics,
  ) {
    this.#primary = primary;
    this.#maxLagMs = maxLagMs;
    const used = maxLagMs === 0 ? [] : locations;
    this.#replicas = used.map((location, index) => new Replica(location, pool, index));
    this.#diagnostics = diagnostics;
  }

  /** Whether there is none that could ever answer. */
  get isEmpty(): boolean {
    return this.#replicas.length === 0;
  }

  /** A replica that is current enough, each in its turn; undefined where there is none, so that the primary has to answer. */
  async choose(): Promise<Replica | undefined> {
    if (this.#replicas.length === 0) return undefined;
    const isCheckDue = performance.now() - this.#lastCheckAt > Math.min(this.#maxLagMs / 2, longestIntervalMs);
    const check = isCheckDue ? this.check() : this.#checking;
    const current = this.#nextCurrent();
    if (current !== undefined || check === undefined) return current;
    // For one that did not answer the last time nobody waits.
    if (!this.#replicas.some(({ isAnswering }) => isAnswering)) return undefined;
    await within(longestWaitMs, check).catch(() => undefined);
    return this.#nextCurrent();
  }

  /** Does a piece of work on a replica, however long it takes, unless the replica has stopped answering. */
  async ask<T>(replica: Replica, work: (connections: PostgresqlConnections) => Promise<T>): Promise<T> {
    const answer = work(replica.connections);
    for (let waitMs = longestWaitMs; ; waitMs = longestIntervalMs) {
      const isThere = await within(
        waitMs,
        answer.then(() => true),
      ).catch((error: unknown) => !(error instanceof NotInTime));
      if (isThere) return answer;
      // Where it does not answer this either, the work fails.
      await replica.askPosition().catch(() => undefined);
    }
  }

  /** No read is sent there until a check has found it well. */
  reportFault(replica: Replica): void {
    replica.currentAsOf = Number.NEGATIVE_INFINITY;
    this.#noteServing(replica);
  }

  /** Finds out how far the replicas are; concurrent calls share one run. Never fails. */
  check(): Promise<void> {
    if (this.#replicas.length === 0) return Promise.resolve();
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** How the replicas are, once they were asked. */
  async health(): Promise<ReplicaHealth[]> {
    await this.check();
    return this.#replicas.map(({ isServing, currentAsOf }) => {
      const lagMs = performance.now() - currentAsOf;
      return Number.isFinite(lagMs) ? { isServing, lagMs } : { isServing };
    });
  }

  async close(): Promise<void> {
    await this.#checking;
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  async giveUp(): Promise<void> {
    for (const replica of this.#replicas) replica.giveUp();
    await this.#checking;
  }

  #nextCurrent(): Replica | undefined {
    const oldest = performance.now() - this.#maxLagMs;
    const current = this.#replicas.filter(({ currentAsOf }) => currentAsOf >= oldest);
    this.#turn += 1;
    return current[this.#turn % current.length];
  }

  async #check(): Promise<void> {
    const takenAt = performance.now();
    this.#lastCheckAt = takenAt;
    const asked = within(longestIntervalMs, positionOf(this.#primary, primaryPositionSql));
    const position = await asked.catch(() => undefined);
    // Without the primary nobody knows what the replicas lack.
    if (typeof position === 'bigint') this.#samples.push({ takenAt, position });
    this.#samples = this.#samples.filter((sample) => takenAt - sample.takenAt <= this.#maxLagMs);
    await Promise.all(this.#replicas.map((replica) => this.#checkReplica(replica, takenAt)));
  }

  async #checkReplica(replica: Replica, now: number): Promise<void> {
    try {
      const position = await replica.askPosition();
      if (position === null && !replica.isServing) {
        const details = { replica: replica.index };
        this.#diagnostics.warned('Read replica is no standby: taken for current, whatever it holds', details);
      }
      const replayed =
        position === null ? now : this.#samples.findLast((sample) => sample.position <= position)?.takenAt;
      if (replayed !== undefined) replica.currentAsOf = Math.max(replica.currentAsOf, replayed);
    } catch {
      replica.currentAsOf = Number.NEGATIVE_INFINITY;
    }
    this.#noteServing(replica);
  }

  #noteServing(replica: Replica): void {
    const isServing = performance.now() - replica.currentAsOf <= this.#maxLagMs;
    if (isServing !== replica.isServing) this.#diagnostics.replicaChanged(replica.index, isServing);
    replica.isServing = isServing;
  }
}

class NotInTime extends Error {}

/** What `work` gives, if that is soon enough. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const end = new AbortController();
  const tooLate = sleep(ms, undefined, { ref: false, signal: end.signal }).then(() => {
    throw new NotInTime('It took too long');
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    end.abort();
  }
}

/** A position in the log as a number: it is written as two halves in hexadecimal, "16/B374D848". */
async function positionOf(connections: PostgresqlConnections, sql: string): Promise<bigint | null> {
  const [[text] = []] = await connections.query(sql);
  if (typeof text !== 'string') return null;
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

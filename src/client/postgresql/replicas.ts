import { setTimeout as sleep } from 'node:timers/promises';
import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { PostgresqlConnections } from './postgresql-connections';

export interface ReplicaSettings {
  readonly pool: PoolSettings;
  /** How far behind an answer may be, in milliseconds. */
  readonly maxLagMs: number;
}

/** How long a read waits to hear how far the replicas are: one that does not answer must not slow reads down. */
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
  readonly index: number;
  currentAsOf = Number.NEGATIVE_INFINITY;
  isServing = false;

  constructor(connections: PostgresqlConnections, index: number) {
    this.connections = connections;
    this.index = index;
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
    this.#replicas = used.map((location, index) => new Replica(new PostgresqlConnections(location, pool), index));
    this.#diagnostics = diagnostics;
  }

  /** A replica that is current enough, each in its turn; undefined where there is none, so that the primary has to answer. */
  async choose(): Promise<Replica | undefined> {
    if (this.#replicas.length === 0) return undefined;
    const isCheckDue = performance.now() - this.#lastCheckAt > Math.min(this.#maxLagMs / 2, longestIntervalMs);
    const check = isCheckDue ? this.check() : this.#checking;
    const current = this.#nextCurrent();
    if (current !== undefined || check === undefined) return current;
    await Promise.race([check, sleep(longestWaitMs, undefined, { ref: false })]);
    return this.#nextCurrent();
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

  async close(): Promise<void> {
    await this.#checking;
    await Promise.all(this.#replicas.map(({ connections }) => connections.close()));
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
    const position = await positionOf(this.#primary, primaryPositionSql).catch(() => undefined);
    // Without the primary nobody knows what the replicas lack.
    if (typeof position === 'bigint') this.#samples.push({ takenAt, position });
    this.#samples = this.#samples.filter((sample) => takenAt - sample.takenAt <= this.#maxLagMs);
    await Promise.all(this.#replicas.map((replica) => this.#checkReplica(replica, takenAt)));
  }

  async #checkReplica(replica: Replica, now: number): Promise<void> {
    try {
      const position = await positionOf(replica.connections, replicaPositionSql);
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

/** A position in the log as a number: it is written as two halves in hexadecimal, "16/B374D848". */
async function positionOf(connections: PostgresqlConnections, sql: string): Promise<bigint | null> {
  const [[text] = []] = await connections.query(sql);
  if (typeof text !== 'string') return null;
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

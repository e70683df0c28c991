import type { ReplicaHealth } from '../../storage/health-probe';
import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { runOutsideTransactions } from '../../runtime/transaction-context';
import type { PostgresqlConnections } from './connections';
import { longestWaitMs, Replica } from './replica';
import { positionOfPrimary, type ServerPosition } from './server-position';
import { NotInTime, within } from './within';

export interface ReplicaSettings {
  readonly pool: PoolSettings;
  /** Maximum replication lag of a replica that serves reads, in milliseconds. */
  readonly maxLagMs: number;
}

/** Maximum time between two checks of the replicas, in milliseconds, while reads arrive. */
const longestIntervalMs = 1000;

const misplacements = {
  'not-a-standby':
    'read replica is no longer a standby: the primary answers its reads until it follows the primary again',
  'other-history':
    'read replica follows another server: the primary answers its reads until it follows the primary again',
} as const;

/** Position of the primary in its write-ahead log at one time. */
interface Sample {
  readonly takenAt: number;
  readonly position: bigint;
}

/**
 * Read replicas of a database, with the replication lag of each. PostgreSQL itself measures the lag as the time since
 * the last replayed transaction. This measure is wrong while the primary is idle or the replica is disconnected.
 * Therefore this class samples the position of the primary in its write-ahead log. A replica that has replayed the log
 * up to a sample has all changes that were committed before the sample was taken.
 */
export class Replicas {
  readonly #primary: PostgresqlConnections;
  readonly #replicas: readonly Replica[];
  readonly #maxLagMs: number;
  readonly #diagnostics: Diagnostics;
  #samples: Sample[] = [];
  /** Database cluster and timeline of the server that the samples come from. */
  #history: string | undefined;
  #lastCheckAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  #rotation = 0;

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

  /** True when the database has no replicas. */
  get isEmpty(): boolean {
    return this.#replicas.length === 0;
  }

  /**
   * Returns the next replica whose lag is within the limit; undefined when there is no such replica. Successive calls
   * return the replicas in turn.
   */
  async choose(): Promise<Replica | undefined> {
    if (this.#replicas.length === 0) return undefined;
    const isCheckDue = performance.now() - this.#lastCheckAt > Math.min(this.#maxLagMs / 2, longestIntervalMs);
    const check = isCheckDue ? this.check() : this.#checking;
    const current = this.#nextCurrent();
    if (current !== undefined || check === undefined) return current;
    // Waits for the check only if at least one replica has answered its last request.
    if (!this.#replicas.some(({ isAnswering }) => isAnswering)) return undefined;
    await within(longestWaitMs, check).catch(() => undefined);
    return this.#nextCurrent();
  }

  /** Runs `work` on a replica. Fails when the replica stops responding. Has no other time limit. */
  async ask<T>(replica: Replica, work: (connections: PostgresqlConnections) => Promise<T>): Promise<T> {
    const answer = work(replica.connections);
    for (let waitMs = longestWaitMs; ; waitMs = longestIntervalMs) {
      const isThere = await within(
        waitMs,
        answer.then(() => true),
      ).catch((error: unknown) => !(error instanceof NotInTime));
      if (isThere) return answer;
      // Tests the replica by a query of its position in the write-ahead log. If the replica does not respond, its
      // connections are terminated, and `answer` rejects.
      await replica.askPosition().catch(() => undefined);
    }
  }

  /** Stops sending reads to a replica until a check succeeds. */
  reportFault(replica: Replica): void {
    replica.currentAsOf = Number.NEGATIVE_INFINITY;
    this.#updateServing(replica);
  }

  /** Updates the state of all replicas. Concurrent calls share one check. Never rejects. */
  check(): Promise<void> {
    if (this.#replicas.length === 0) return Promise.resolve();
    // Runs the check outside transactions, even if the first caller is inside one.
    this.#checking ??= runOutsideTransactions(() => this.#check()).finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Checks all replicas, and returns the health of each. */
  async health(): Promise<ReplicaHealth[]> {
    await this.check();
    return this.#replicas.map(({ isServing, currentAsOf, fault }) => {
      const lagMs = performance.now() - currentAsOf;
      return {
        isServing,
        ...(Number.isFinite(lagMs) ? { lagMs } : undefined),
        ...(isServing ? undefined : { fault }),
      };
    });
  }

  async close(): Promise<void> {
    await this.#checking;
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  async terminate(): Promise<void> {
    for (const replica of this.#replicas) replica.terminate();
    await this.#checking;
  }

  #nextCurrent(): Replica | undefined {
    const oldest = performance.now() - this.#maxLagMs;
    const current = this.#replicas.filter(({ currentAsOf }) => currentAsOf >= oldest);
    this.#rotation += 1;
    return current[this.#rotation % current.length];
  }

  async #check(): Promise<void> {
    const takenAt = performance.now();
    this.#lastCheckAt = takenAt;
    const asked = within(longestIntervalMs, positionOfPrimary(this.#primary));
    // Ignores a primary that does not respond: without a new sample, the known lag of the replicas grows.
    const primary = await asked.catch(() => undefined);
    if (primary !== undefined) this.#addSample(primary, takenAt);
    this.#samples = this.#samples.filter((sample) => takenAt - sample.takenAt <= this.#maxLagMs);
    await Promise.all(this.#replicas.map((replica) => this.#checkReplica(replica)));
  }

  #addSample({ position, history }: ServerPosition, takenAt: number): void {
    if (history !== this.#history) {
      // Discards the samples after a fail-over. Positions in the old write-ahead log, and times that were derived from
      // them, mean nothing.
      this.#history = history;
      this.#samples = [];
      for (const replica of this.#replicas) replica.currentAsOf = Number.NEGATIVE_INFINITY;
    }
    this.#samples.push({ takenAt, position });
  }

  async #checkReplica(replica: Replica): Promise<void> {
    try {
      const { isStandby, position, history } = await replica.askPosition();
      if (!isStandby) this.#exclude(replica, 'not-a-standby');
      else if (this.#history !== undefined && history !== this.#history) this.#exclude(replica, 'other-history');
      else {
        replica.misplacement = undefined;
        const replayed = this.#samples.findLast((sample) => sample.position <= position)?.takenAt;
        if (replayed !== undefined) replica.currentAsOf = Math.max(replica.currentAsOf, replayed);
      }
    } catch {
      replica.currentAsOf = Number.NEGATIVE_INFINITY;
    }
    this.#updateServing(replica);
  }

  #exclude(replica: Replica, misplacement: keyof typeof misplacements): void {
    if (replica.misplacement !== misplacement) {
      this.#diagnostics.warned(misplacements[misplacement], { replica: replica.index });
    }
    replica.exclude(misplacement);
  }

  #updateServing(replica: Replica): void {
    const isServing = performance.now() - replica.currentAsOf <= this.#maxLagMs;
    if (isServing !== replica.isServing) this.#diagnostics.replicaChanged(replica.index, isServing);
    replica.isServing = isServing;
  }
}

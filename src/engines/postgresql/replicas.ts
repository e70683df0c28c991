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
  /** Maximum replication lag of a result, in milliseconds. */
  readonly maxLagMs: number;
}

const longestIntervalMs = 1000;

const misplacements = {
  'not-a-standby':
    'read replica is no longer a standby: the primary answers its reads until it follows the primary again',
  'other-history':
    'read replica follows another server: the primary answers its reads until it follows the primary again',
} as const;

/** Position of the primary's log at one time. */
interface Sample {
  readonly takenAt: number;
  readonly position: bigint;
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
  /** Cluster and timeline of the samples. */
  #history: string | undefined;
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

  /** True when there are no replicas. */
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
    // Does not wait for a replica that did not answer the last request.
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
      // When it does not answer this request either, the work fails.
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
    // A reading callback of a transaction does not wait long for it.
    this.#checking ??= runOutsideTransactions(() => this.#check()).finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Returns the health of the replicas after asking each of them. */
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
    this.#turn += 1;
    return current[this.#turn % current.length];
  }

  async #check(): Promise<void> {
    const takenAt = performance.now();
    this.#lastCheckAt = takenAt;
    const asked = within(longestIntervalMs, positionOfPrimary(this.#primary));
    // Without the primary it is unknown what the replicas lack.
    const primary = await asked.catch(() => undefined);
    if (primary !== undefined) this.#notePrimary(primary, takenAt);
    this.#samples = this.#samples.filter((sample) => takenAt - sample.takenAt <= this.#maxLagMs);
    await Promise.all(this.#replicas.map((replica) => this.#checkReplica(replica)));
  }

  #notePrimary({ position, history }: ServerPosition, takenAt: number): void {
    if (history !== this.#history) {
      // After a failover the old positions have no meaning, and neither have the replicas' times that were derived from
      // them.
      this.#history = history;
      this.#samples = [];
      for (const replica of this.#replicas) replica.currentAsOf = Number.NEGATIVE_INFINITY;
    }
    this.#samples.push({ takenAt, position });
  }

  async #checkReplica(replica: Replica): Promise<void> {
    try {
      const { isStandby, position, history } = await replica.askPosition();
      if (!isStandby) this.#leaveOut(replica, 'not-a-standby');
      else if (this.#history !== undefined && history !== this.#history) this.#leaveOut(replica, 'other-history');
      else {
        replica.misplacement = undefined;
        const replayed = this.#samples.findLast((sample) => sample.position <= position)?.takenAt;
        if (replayed !== undefined) replica.currentAsOf = Math.max(replica.currentAsOf, replayed);
      }
    } catch {
      replica.currentAsOf = Number.NEGATIVE_INFINITY;
    }
    this.#noteServing(replica);
  }

  #leaveOut(replica: Replica, misplacement: keyof typeof misplacements): void {
    if (replica.misplacement !== misplacement) {
      this.#diagnostics.warned(misplacements[misplacement], { replica: replica.index });
    }
    replica.leaveOut(misplacement);
  }

  #noteServing(replica: Replica): void {
    const isServing = performance.now() - replica.currentAsOf <= this.#maxLagMs;
    if (isServing !== replica.isServing) this.#diagnostics.replicaChanged(replica.index, isServing);
    replica.isServing = isServing;
  }
}

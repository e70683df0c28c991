/*
 * Glossary.
 * Feed: the changes to agents and certificates.
 */

/** Kind of a change of a record. */
export const ChangeKind = { CREATED: 'CREATED', UPDATED: 'UPDATED', DELETED: 'DELETED' } as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/** One change of one record. It does not contain the record: read it by its id. */
export interface Change {
  /**
   * Position in the feed, greater than that of every change that was committed before this one began. There may be gaps
   * between the numbers.
   */
  readonly sequence: number;
  readonly entity: 'agent' | 'certificate';
  readonly id: string;
  readonly kind: ChangeKind;
  readonly changedAt: Date;
}

/** Part of the feed to read. */
export interface ChangesQuery {
  /**
   * Sequence number after which to begin: not less than the pruning mark, which is the sequence number of the last
   * pruned change, and not greater than the last sequence number of the feed.
   *
   * @defaultValue the oldest kept change
   */
  after?: number | undefined;
  /**
   * Maximum number of changes, 1 to 10000.
   *
   * @defaultValue 1000
   */
  limit?: number | undefined;
}

/** Options for pruning the change feed. */
export interface PruneChangesOptions {
  /** Deletes the oldest changes, and stops before the first change that is not before this time. */
  before: Date;
  /**
   * Number of changes that one transaction deletes, 1 to 10000.
   *
   * @defaultValue 1000
   */
  batchSize?: number | undefined;
}

/**
 * Members of an `AbortSignal` that the package uses. `AbortSignal` itself is declared by `@types/node` or the library
 * `dom` of TypeScript, which the types of this package do not require.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
}

/** Options of following the feed. */
export interface FollowOptions {
  /**
   * Sequence number after which to begin: not less than the pruning mark, which is the sequence number of the last
   * pruned change, and not greater than the last sequence number of the feed.
   *
   * @defaultValue the oldest kept change
   */
  after?: number | undefined;
  /**
   * Time to wait when there is no new change, in milliseconds; with 0, the iteration ends instead.
   *
   * @defaultValue 1000
   */
  pollMs?: number | undefined;
  /** `AbortSignal` that ends the iteration, also while it waits. */
  signal?: AbortSignalLike | undefined;
}

/*
 * Glossary. Change feed: the list of all changes of agents and certificates.
 */

/** Kind of a change of a record. */
export const ChangeKind = { CREATED: 'CREATED', UPDATED: 'UPDATED', DELETED: 'DELETED' } as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/** Change of one agent or certificate. It does not contain the record: read the record by its id. */
export interface Change {
  /**
   * Position of the change in the change feed. It is greater than the position of every change that was committed
   * before this change began. Numbers can be missing.
   */
  readonly sequence: number;
  readonly entity: 'agent' | 'certificate';
  readonly id: string;
  readonly kind: ChangeKind;
  readonly changedAt: Date;
}

/** Part of the change feed to read. */
export interface ChangesQuery {
  /**
   * Sequence number after which the result begins. It must not be less than the sequence number of the last pruned
   * change, or greater than the last sequence number of the feed.
   *
   * @defaultValue the oldest kept change
   */
  after?: number | undefined;
  /**
   * Maximum number of changes in the result, from 1 to 10000.
   *
   * @defaultValue 1000
   */
  limit?: number | undefined;
}

/** Options for pruning the change feed. */
export interface PruneChangesOptions {
  /**
   * Time before which changes are deleted. Deletes the changes in the order of the feed, up to the first change that is
   * not older.
   */
  before: Date;
  /**
   * Maximum number of changes that one transaction deletes, from 1 to 10000.
   *
   * @defaultValue 1000
   */
  batchSize?: number | undefined;
}

/**
 * Members of an `AbortSignal` that this package uses. The type `AbortSignal` itself would require `@types/node` or the
 * library `dom` of TypeScript.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
}

/** Options of `followChanges`. */
export interface FollowOptions {
  /**
   * Sequence number after which the iteration begins. It must not be less than the sequence number of the last pruned
   * change, or greater than the last sequence number of the feed.
   *
   * @defaultValue the oldest kept change
   */
  after?: number | undefined;
  /**
   * Time in milliseconds to wait when the feed contains no new change. With 0, the iteration ends instead of waiting.
   *
   * @defaultValue 1000
   */
  pollMs?: number | undefined;
  /** `AbortSignal` that ends the iteration, even while the iteration waits for changes. */
  signal?: AbortSignalLike | undefined;
}

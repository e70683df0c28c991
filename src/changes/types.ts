/*
 * Glossary.
 * Feed: the changes to agents and certificates, in the order of their commits.
 */

/** What happened to a record. */
export const ChangeKind = { CREATED: 'CREATED', UPDATED: 'UPDATED', DELETED: 'DELETED' } as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/** One change of one record. What the record is like since has to be read. */
export interface Change {
  /** Where it stands in the feed: a later change has a greater number; numbers may be left out. */
  readonly sequence: number;
  readonly entity: 'agent' | 'certificate';
  readonly id: string;
  readonly kind: ChangeKind;
  readonly changedAt: Date;
}

/** Which part of the feed to read. */
export interface ChangesQuery {
  /**
   * The sequence number after which to begin: not below the pruning mark, and not above the last number. Default: the
   * feed begins at the oldest change that is kept.
   */
  after?: number | undefined;
  /** How many changes at most, 1 to 10000. Default: 1000. */
  limit?: number | undefined;
}

/** Options for pruning the change feed. */
export interface PruneChangesOptions {
  /** Changes from before this time. */
  before: Date;
  /** How many are deleted in one transaction, 1 to 10000. Default: 1000. */
  batchSize?: number | undefined;
}

/** How to follow the feed. */
export interface FollowOptions {
  /**
   * The sequence number after which to begin: not below the pruning mark, and not above the last number. Default: the
   * feed begins at the oldest change that is kept.
   */
  after?: number | undefined;
  /** How long to wait where there is nothing new, in milliseconds; 0 ends where there is nothing more. Default: 1000. */
  pollMs?: number | undefined;
  /** Ends it, also while it waits. */
  signal?: AbortSignal | undefined;
}

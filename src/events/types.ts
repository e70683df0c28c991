import type { Metadata } from '../metadata/types';
import type { ReadOptions } from '../options/read-options';

/** Severities of security events, in ascending order. */
export const SecuritySeverity = {
  INFO: 'INFO',
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type SecuritySeverity = (typeof SecuritySeverity)[keyof typeof SecuritySeverity];

/** Common types of security events. Any other non-empty text is also a valid type. */
export const SecurityEventType = {
  AUTHENTICATION_FAILURE: 'AUTHENTICATION_FAILURE',
  CERTIFICATE_VIOLATION: 'CERTIFICATE_VIOLATION',
  RATE_LIMIT_EXCEEDED: 'RATE_LIMIT_EXCEEDED',
  SUSPICIOUS_QUERY: 'SUSPICIOUS_QUERY',
  UNAUTHORIZED_ACCESS: 'UNAUTHORIZED_ACCESS',
  SYSTEM_ABUSE: 'SYSTEM_ABUSE',
  THREAT_DETECTED: 'THREAT_DETECTED',
} as const;
/**
 * Type of a security event: a common type, or any other non-empty text. The intersection with `Record` makes editors
 * suggest the common types.
 */
export type SecurityEventType =
  (typeof SecurityEventType)[keyof typeof SecurityEventType] | (string & Record<never, never>);

/** Security event, as the read methods return it. */
export interface SecurityEvent {
  id: string;
  timestamp: Date;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  /** Origin of the event: an address, or the id of an agent. */
  source: string;
  /** Target of the event, such as the id of an agent. */
  target: string;
  description: string;
  metadata: Metadata;
  mitigationApplied: boolean;
  mitigationDetails?: string;
}

/** Security event to record. */
export interface SecurityEventInput {
  /**
   * Id of the event.
   *
   * @defaultValue a UUIDv7
   */
  id?: string | undefined;
  /**
   * Time of the event.
   *
   * @defaultValue now
   */
  timestamp?: Date | undefined;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  source: string;
  target: string;
  description: string;
  /**
   * Data of the application.
   *
   * @defaultValue empty
   */
  metadata?: Metadata | undefined;
  /**
   * True when an action on the event was already taken.
   *
   * @defaultValue false
   */
  mitigationApplied?: boolean | undefined;
  mitigationDetails?: string | undefined;
}

/**
 * Grouping of events: by one of their fields, or by time spans of equal length. One of the spans begins at
 * 1970-01-01T00:00:00Z.
 */
export type EventGrouping =
  | 'eventType'
  | 'severity'
  | 'source'
  | 'target'
  | {
      /** Length of each time span in milliseconds, from 1 to 3155760000000 (36525 days). */
      readonly bucketMs: number;
    };

/** Number of security events in one group. */
export interface EventCount {
  /**
   * Key of the group: a type, severity, source or target, or the beginning of a time span, such as
   * `2026-06-01T12:00:00.000Z`.
   */
  readonly key: string;
  readonly count: number;
}

/** Mitigation of a security event: the action that was taken about it. */
export interface MitigationInput {
  applied: boolean;
  /** Description of the action. Earlier details are cleared when it is absent. */
  details?: string | undefined;
}

/** Options of `events.prune`. */
export interface PruneEventsOptions {
  /** Time before which events are deleted. Events of exactly this time are kept. */
  before: Date;
  /**
   * Maximum number of events that one transaction deletes, 1 to 10000.
   *
   * @defaultValue 500
   */
  batchSize?: number | undefined;
}

/*
 * Glossary. Event chain: events, mitigations and prunings in the order of their recording. Each entry has a hash over
 * itself and the hash of the previous entry. Head: the last entry of the chain.
 */

/**
 * Reason of a break in the event chain.
 *
 * - `changed`: the content of an event, its metadata, a mitigation or the entry itself differs from what was recorded.
 * - `removed`: an event or an entry is missing, and was not pruned.
 * - `reordered`: an entry is in the position of another entry, which still exists.
 * - `inserted`: an event or an entry was not recorded by this package, or was pruned and put back.
 * - `unproven`: the expected entry was pruned into a later checkpoint, so that its hash cannot be compared any more.
 *   The rest of the chain is intact.
 */
export const EventChainBreakReason = {
  CHANGED: 'changed',
  REMOVED: 'removed',
  REORDERED: 'reordered',
  INSERTED: 'inserted',
  UNPROVEN: 'unproven',
} as const;
export type EventChainBreakReason = (typeof EventChainBreakReason)[keyof typeof EventChainBreakReason];

/** First entry at which the event chain differs from what was recorded. */
export interface EventChainBreak {
  readonly reason: EventChainBreakReason;
  /**
   * Position in the event chain. Absent for an event that is not in the chain, and for a break that only the last
   * pruning entry reveals.
   */
  readonly sequence?: number;
  /** Id of the event to which the break belongs; absent when it is unknown. */
  readonly eventId?: string;
}

/** Sequence number of an entry of the event chain, and the hash over this entry and all earlier entries. */
export interface EventChainHead {
  /** Sequence number of the entry, counted from 1 without gaps; 0 for an empty chain. */
  readonly sequence: number;
  /** SHA-256 hash in hexadecimal; empty for an empty chain. */
  readonly hash: string;
}

/** Options of `events.verify`. */
export interface VerifyEventsOptions extends ReadOptions {
  /**
   * Head of the event chain from an earlier verification, which you have stored outside the database. The chain is
   * valid only if the entry with this sequence number still has this hash. A checkpoint with this sequence number and
   * hash is accepted, too. Otherwise, the break is at this sequence number, with one of these reasons:
   *
   * - `changed`: the entry has another hash.
   * - `removed`: the chain ends before the entry.
   * - `unproven`: the entry was pruned into a later checkpoint.
   */
  readonly expected?: EventChainHead | undefined;
}

/** Checkpoint that replaces the pruned beginning of the event chain. */
export interface EventChainCheckpoint extends EventChainHead {
  /** Number of security events that had been pruned when the checkpoint was written. */
  readonly count: number;
  readonly createdAt: Date;
}

/** Result of `events.verify`. */
export type EventChainVerification =
  | {
      readonly valid: true;
      /** Number of verified entries of the event chain. */
      readonly entries: number;
      /**
       * Number of events and mitigations that were not verified, because they are not in the event chain yet. Always 0
       * on SQLite. On PostgreSQL, 0 unless other calls record events meanwhile, or this connection cannot write.
       */
      readonly pending: number;
      /**
       * Last verified entry. Keep it outside the database, and pass it as `expected` to a later call, to detect a chain
       * that was cut or rewritten.
       */
      readonly head: EventChainHead;
      /** Checkpoint at which the verification began; absent when the beginning of the chain was not pruned. */
      readonly checkpoint?: EventChainCheckpoint;
    }
  | {
      readonly valid: false;
      /** Number of entries that were verified before the break in the event chain. */
      readonly entries: number;
      /**
       * Number of events and mitigations that were not verified, because they are not in the event chain yet. Always 0
       * on SQLite. On PostgreSQL, 0 unless other calls record events meanwhile, or this connection cannot write.
       */
      readonly pending: number;
      readonly break: EventChainBreak;
    };

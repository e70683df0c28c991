import type { Metadata } from '../metadata/types';
import type { ReadOptions } from '../options/read-options';

/** How bad an event is, from the least to the worst. */
export const SecuritySeverity = {
  INFO: 'INFO',
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type SecuritySeverity = (typeof SecuritySeverity)[keyof typeof SecuritySeverity];

/** The types of event that are known by name. The set is open: any other non-empty text is stored as given. */
export const SecurityEventType = {
  AUTHENTICATION_FAILURE: 'AUTHENTICATION_FAILURE',
  CERTIFICATE_VIOLATION: 'CERTIFICATE_VIOLATION',
  RATE_LIMIT_EXCEEDED: 'RATE_LIMIT_EXCEEDED',
  SUSPICIOUS_QUERY: 'SUSPICIOUS_QUERY',
  UNAUTHORIZED_ACCESS: 'UNAUTHORIZED_ACCESS',
  SYSTEM_ABUSE: 'SYSTEM_ABUSE',
  THREAT_DETECTED: 'THREAT_DETECTED',
} as const;
/** A known type, or any other text; the intersection keeps the known ones in an editor's suggestions. */
export type SecurityEventType =
  (typeof SecurityEventType)[keyof typeof SecurityEventType] | (string & Record<never, never>);

/** Something that happened and matters to security, as it is read. */
export interface SecurityEvent {
  id: string;
  timestamp: Date;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  /** Where it came from: an address, the id of an agent. */
  source: string;
  /** What it was against. */
  target: string;
  description: string;
  metadata: Metadata;
  mitigationApplied: boolean;
  mitigationDetails?: string;
}

/** A security event as it is given. */
export interface SecurityEventInput {
  /** Default: a UUIDv7. */
  id?: string | undefined;
  /** Default: now. */
  timestamp?: Date | undefined;
  eventType: SecurityEventType;
  severity: SecuritySeverity;
  source: string;
  target: string;
  description: string;
  /** Default: empty. */
  metadata?: Metadata | undefined;
  /** Default: false. */
  mitigationApplied?: boolean | undefined;
  mitigationDetails?: string | undefined;
}

/**
 * Which events to find, newest first and by id among those of one millisecond. Every field that is given has to match;
 * `undefined` means no filter; an empty string or an empty array matches nothing.
 */
export interface SecurityEventQuery {
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** Not before. */
  from?: Date | undefined;
  /** Not after. */
  to?: Date | undefined;
  /** Any of these. */
  eventTypes?: readonly SecurityEventType[] | undefined;
  /** Any of these. */
  severities?: readonly SecuritySeverity[] | undefined;
  /** This bad, or worse. */
  minSeverity?: SecuritySeverity | undefined;
  source?: string | undefined;
  target?: string | undefined;
  mitigationApplied?: boolean | undefined;
  /** Every key given holds exactly this JSON value. */
  metadata?: Metadata | undefined;
  /** How many at most; 0 gives none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /** How many to leave out first. Default: 0. */
  offset?: number | undefined;
}

/** What to group events by: their own fields, or spans of time of this length, the first of which begins with 1970. */
export type EventGrouping =
  | 'eventType'
  | 'severity'
  | 'source'
  | 'target'
  | {
      /** 1 to 36525 days, in milliseconds. */
      readonly bucketMs: number;
    };

/** How many events there are of one kind. */
export interface EventCount {
  /** The type, severity, source or target; of a span of time its beginning, such as `2026-06-01T12:00:00.000Z`. */
  readonly key: string;
  readonly count: number;
}

/** What was done about an event. */
export interface MitigationInput {
  applied: boolean;
  /** Default: none, also where there were some before. */
  details?: string | undefined;
}

/** Which events to prune. */
export interface PruneEventsOptions {
  /** Events of this time, and later ones, are kept. */
  before: Date;
  /** How many events one transaction deletes at most, 1 to 10000. Default: 500. */
  batchSize?: number | undefined;
}

/*
 * Glossary.
 * Chain: what was recorded, in the order of its recording: events, mitigations, prunings. Each entry has a hash over
 * itself and the hash of the one before.
 * Head: the last entry of the chain.
 */

/**
 * How an entry of the chain is not what it was.
 *
 * - `changed`: an event, its metadata, a mitigation or the entry itself has another content.
 * - `removed`: an event or an entry is missing, which no pruning has taken away.
 * - `reordered`: an entry stands where another belongs, which is there still.
 * - `inserted`: an event or an entry is there that was not recorded, or that was pruned.
 * - `unproven`: the expected entry was pruned into a later checkpoint. Nothing is wrong with the rest of the chain, but
 *   nothing is left to compare the expected hash with.
 */
export const EventChainBreakReason = {
  CHANGED: 'changed',
  REMOVED: 'removed',
  REORDERED: 'reordered',
  INSERTED: 'inserted',
  UNPROVEN: 'unproven',
} as const;
export type EventChainBreakReason = (typeof EventChainBreakReason)[keyof typeof EventChainBreakReason];

/** The first place where the chain is not what it was. */
export interface EventChainBreak {
  readonly reason: EventChainBreakReason;
  /** The place in the chain; absent for an event that is not in it, and where only the last pruning entry tells. */
  readonly sequence?: number;
  /** Where known. */
  readonly eventId?: string;
}

/** An entry of the chain by its number, and the hash over it and all before it. */
export interface EventChainHead {
  /** From 1, without gaps; 0 of an empty chain. */
  readonly sequence: number;
  /** SHA-256, in hexadecimal; empty of an empty chain. */
  readonly hash: string;
}

/** How to verify the chain. */
export interface VerifyEventsOptions extends ReadOptions {
  /**
   * A head that was kept from an earlier verification, in any place that cannot be changed together with the database. The
   * chain is valid only if its entry of that sequence still has that hash, or if its checkpoint is of exactly that sequence
   * and hash. Otherwise the break is at that sequence: `changed` for another hash, `removed` where the chain ends before
   * it, `unproven` where it was pruned into a later checkpoint. The head of an empty chain is contained in every chain.
   */
  readonly expected?: EventChainHead | undefined;
}

/** What stands for the beginning of the chain that was pruned. */
export interface EventChainCheckpoint extends EventChainHead {
  /** How many events had been pruned by then. */
  readonly count: number;
  readonly createdAt: Date;
}

/** What the verification of the chain has found. */
export type EventChainVerification =
  | {
      readonly valid: true;
      /** How many entries were verified. */
      readonly entries: number;
      /** The last of them. Kept elsewhere and given as `expected` later, it tells whether the chain was cut or made anew. */
      readonly head: EventChainHead;
      /** Where the verification began; absent where nothing is missing at the beginning. */
      readonly checkpoint?: EventChainCheckpoint;
    }
  | {
      readonly valid: false;
      /** How many entries were verified before. */
      readonly entries: number;
      readonly break: EventChainBreak;
    };

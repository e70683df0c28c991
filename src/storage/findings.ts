/** Subject of a check. */
export const CheckName = {
  /** The engine's own structures: pages, rows, indexes. */
  STORAGE: 'storage',
  /** Tables, constraints, indexes and triggers that this package needs. */
  SCHEMA: 'schema',
  /** A record refers to one that does not exist. */
  FOREIGN_KEY: 'foreign-key',
  /** A value that no call of this package writes: of another type, of no such status, an empty id, an impossible time. */
  VALUE: 'value',
  /** A column that is made from others, such as a folded name, holds something else. */
  DERIVED_COLUMN: 'derived-column',
  /** Metadata that are no canonical JSON: they cannot be read, or are not found by their value. */
  METADATA: 'metadata',
  /** The default endpoint does not belong to the agent. */
  DEFAULT_ENDPOINT: 'default-endpoint',
  /** An agent has a name and version that another agent holds: see `Uniqueness`. */
  UNIQUE_NAME: 'unique-name',
  /** The places of an agent's endpoints are not 0, 1, 2 and so on. */
  ENDPOINT_ORDER: 'endpoint-order',
  /** A capability that no agent has. */
  ORPHAN_CAPABILITY: 'orphan-capability',
  /** SQLite's index of parts of names knows an agent by another name, or not at all. */
  SEARCH_INDEX: 'search-index',
  /** The first break of the chain of security events: see `events.verify`. */
  EVENT_CHAIN: 'event-chain',
  /** The feed would give a number a second time. */
  CHANGE_FEED: 'change-feed',
  /** A part of the database could not be read to its end. */
  UNREADABLE: 'unreadable',
} as const;
export type CheckName = (typeof CheckName)[keyof typeof CheckName];

/** Kind of the object of a finding. */
export type CheckedEntity = 'agent' | 'endpoint' | 'capability' | 'certificate' | 'securityEvent' | 'change';

/** Something that is not as it should be. Ids and keys are data of the application's: they are given here, logged nowhere. */
export interface CheckFinding {
  readonly check: CheckName;
  /** Kind of the object; absent when it is not a record. */
  readonly entity?: CheckedEntity;
  /** The record's id, of a change its sequence number; absent where there is none, or where it is no text. */
  readonly id?: string;
  /** Of an endpoint: whose it is. */
  readonly agentId?: string;
  /** The field concerned, such as `status`, where it is one. */
  readonly field?: string;
  /** Of metadata: the key concerned. */
  readonly key?: string;
  /** Description of the fault; contains no stored value. */
  readonly message: string;
}

/** Receives the findings of an integrity check. */
export interface FindingSink {
  add(finding: CheckFinding): void;
  /** Reports a part that could not be checked. */
  skip(reason: string): void;
  /** Reports a state that is not damage but can cause harm. */
  warn(message: string): void;
}

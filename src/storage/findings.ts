/** Kinds of findings of `db.check()`. */
export const CheckName = {
  /** Pages, rows or indexes of the database are damaged. */
  STORAGE: 'storage',
  /** A table, constraint, index or trigger that this package needs is missing or disabled. */
  SCHEMA: 'schema',
  /** A record refers to a record that does not exist. */
  FOREIGN_KEY: 'foreign-key',
  /** A value is invalid: it has another type, is an unknown status, an empty id or a time out of range. */
  VALUE: 'value',
  /** A derived column, such as the folded name, does not match the columns that it is derived from. */
  DERIVED_COLUMN: 'derived-column',
  /** Metadata is not canonical JSON. It may be unreadable, or a search by its value may not find it. */
  METADATA: 'metadata',
  /** The default endpoint does not belong to the agent. */
  DEFAULT_ENDPOINT: 'default-endpoint',
  /** An agent has a name and version that another agent holds: see `Uniqueness`. */
  UNIQUE_NAME: 'unique-name',
  /** The positions of an agent's endpoints are not 0, 1, 2 and so on. */
  ENDPOINT_ORDER: 'endpoint-order',
  /** No agent has the capability. */
  ORPHAN_CAPABILITY: 'orphan-capability',
  /** In SQLite's substring index, an agent is missing or has a wrong name. */
  SEARCH_INDEX: 'search-index',
  /** The event chain is broken: see `events.verify()`. Only the first break is reported. */
  EVENT_CHAIN: 'event-chain',
  /** The change feed would assign a sequence number twice, or not in ascending order. */
  CHANGE_FEED: 'change-feed',
  /** A part of the database could not be read completely. */
  UNREADABLE: 'unreadable',
} as const;
export type CheckName = (typeof CheckName)[keyof typeof CheckName];

/** Kind of record that a finding is about. */
export type CheckedEntity = 'agent' | 'endpoint' | 'capability' | 'certificate' | 'securityEvent' | 'change';

/** One problem in the stored data. Contains ids and keys of the application, which are never logged. */
export interface CheckFinding {
  readonly check: CheckName;
  /** Kind of record; absent when the finding is not about a record. */
  readonly entity?: CheckedEntity;
  /**
   * Id of the record, or sequence number of a change. Absent when there is no record, or when the stored id is not a
   * string.
   */
  readonly id?: string;
  /** Id of the agent, for a finding about one of its endpoints. */
  readonly agentId?: string;
  /** Field, such as `status`; absent when the finding is not about one field. */
  readonly field?: string;
  /** Key of the metadata entry; absent when the finding is not about one entry. */
  readonly key?: string;
  /** Description of the problem, without stored values. */
  readonly message: string;
}

/** Receives the findings of an integrity check. */
export interface FindingSink {
  add(finding: CheckFinding): void;
  /**
   * Runs a check of a part of the database. When the part cannot be read completely, adds a finding and does not throw,
   * so that the other parts are still checked.
   *
   * @param part - name of the part in the message of this finding.
   * @param check - checks the part. It rejects only with failures, to which the engine has converted the driver's
   * errors.
   * @throws failures that do not show a fault of the stored data, such as UNAVAILABLE.
   */
  checkPart(part: string, check: () => Promise<void>): Promise<void>;
  /** Reports a part that could not be checked. */
  skip(reason: string): void;
  /** Reports a state that is not damage but can cause harm. */
  warn(message: string): void;
  /** Reports the number of events and mitigations that are not in the event chain yet. They could not be verified. */
  reportPending(count: number): void;
}

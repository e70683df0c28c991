/** Kinds of findings of the integrity check `db.check()`. */
export const CheckName = {
  /** Finding: pages, rows or indexes of the database are damaged. */
  STORAGE: 'storage',
  /** Finding: a table, constraint, index or trigger that this package needs is missing or disabled. */
  SCHEMA: 'schema',
  /** Finding: a record refers to a record that does not exist. */
  FOREIGN_KEY: 'foreign-key',
  /**
   * Finding: a value of a record is invalid. It has the wrong type, is an unknown status, is an empty id, or is a time
   * out of range.
   */
  VALUE: 'value',
  /** Finding: a derived column, such as the case-folded name, does not match the columns that it is derived from. */
  DERIVED_COLUMN: 'derived-column',
  /**
   * Finding: metadata is not canonical JSON. Such metadata may be unreadable, or a search by its value may not find it.
   */
  METADATA: 'metadata',
  /** Finding: the default endpoint of an agent does not belong to the agent. */
  DEFAULT_ENDPOINT: 'default-endpoint',
  /**
   * Finding: an agent holds its name and version exclusively, but another agent has the same ones. See `Uniqueness`.
   */
  UNIQUE_NAME: 'unique-name',
  /** Finding: the positions of an agent's endpoints are not 0, 1, 2 and so on. */
  ENDPOINT_ORDER: 'endpoint-order',
  /** Finding: a stored capability belongs to no agent. */
  ORPHAN_CAPABILITY: 'orphan-capability',
  /** Finding: the search index of names on SQLite lacks an agent, or contains a wrong name of an agent. */
  SEARCH_INDEX: 'search-index',
  /** Finding: the chain of security events is broken. See `events.verify()`. Only the first break is reported. */
  EVENT_CHAIN: 'event-chain',
  /** Finding: the change feed would assign a sequence number twice, or would assign the numbers out of order. */
  CHANGE_FEED: 'change-feed',
  /** Finding: a part of the database could not be read completely. */
  UNREADABLE: 'unreadable',
} as const;
export type CheckName = (typeof CheckName)[keyof typeof CheckName];

/** Kind of record that a finding is about. */
export type CheckedEntity = 'agent' | 'endpoint' | 'capability' | 'certificate' | 'securityEvent' | 'change';

/** One problem in the stored data. Contains ids and keys of the application, which are never logged. */
export interface CheckFinding {
  readonly check: CheckName;
  /** Kind of the record; absent when the finding is not about one record. */
  readonly entity?: CheckedEntity;
  /**
   * Id of the record that the finding is about; for a change, its sequence number. Absent when the finding is about no
   * record, or when the stored id is not a string.
   */
  readonly id?: string;
  /** Id of the agent that the endpoint belongs to; present only for a finding about an endpoint. */
  readonly agentId?: string;
  /** Name of the field, such as `status`; absent when the finding is not about one field. */
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
   * Checks one part of the database. Reports an unreadable part as a finding, so that the other parts are still
   * checked.
   *
   * @param part - name of the part, for the message of this finding.
   * @param check - checks the part. The returned promise rejects only with failures: the engine has converted the
   * errors of the driver.
   * @throws failures that do not show a fault of the stored data, such as UNAVAILABLE.
   */
  checkPart(part: string, check: () => Promise<void>): Promise<void>;
  /** Reports a part of the database that could not be checked. */
  skip(reason: string): void;
  /** Reports a state of the database that is not damage but can cause harm. */
  warn(message: string): void;
  /**
   * Reports the number of security events and mitigations that are not in the event chain yet, so they were not
   * verified.
   */
  reportPending(count: number): void;
}

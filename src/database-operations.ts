import { AgentService } from './agents/agent-service';
import type { AgentInput, AgentRecord, AgentUpdate, CreateOptions, UpdateOptions } from './agents/types';
import type { ResolutionQuery } from './agents/query/types';
import { CertificateService } from './certificates/certificate-service';
import type { Certificate, CertificateInput, CertificateStatus } from './certificates/types';
import { ChangeService } from './changes/change-service';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './changes/types';
import type { Session } from './storage/session';
import { EventService } from './events/event-service';
import { isTimeParameter, toEventQuery, type LaterParameters } from './events/positional-query';
import type { SecurityEvent, SecurityEventInput, SecurityEventType, SecuritySeverity } from './events/types';
import type { SecurityEventQuery } from './events/query/types';
import type { ReadOptions } from './options/read-options';
import type { ServiceSettings } from './options/service-settings';
import { RegistrationService } from './registration/registration-service';
import type { Registration, RegistrationInput } from './registration/types';

/**
 * Returns the session of a database or of one of its transactions.
 *
 * @internal
 */
export let sessionOf: (operations: DatabaseOperations) => Session;

/**
 * Calls of a database or of one transaction: the services, and methods for the most frequent calls. Every error is a
 * `DatabaseError`.
 */
export abstract class DatabaseOperations {
  /** Agents: registration, resolution, changes and batches. */
  readonly agents: AgentService;
  /** Certificates: storage, search, revocation and rotation. */
  readonly certificates: CertificateService;
  /** Security events: recording, search, aggregation, pruning and verification. */
  readonly events: EventService;
  readonly #changes: ChangeService;
  readonly #registration: RegistrationService;
  readonly #session: Session;

  static {
    sessionOf = (operations) => operations.#session;
  }

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.agents = new AgentService(session, settings);
    this.certificates = new CertificateService(session, settings);
    this.events = new EventService(session, settings);
    this.#changes = new ChangeService(session, settings);
    this.#registration = new RegistrationService(session, settings);
    this.#session = session;
  }

  /**
   * Stores a certificate and registers the agent that holds it, with an optional security event, atomically.
   *
   * @returns the ids of the stored records.
   * @throws ALREADY_EXISTS when an id, the fingerprint or the held name is taken; INVALID_TRANSITION when the
   * certificate is REVOKED, unless `options` allow it; INVALID_INPUT.
   * @example const { agentId } = await db.register({ certificate, agent: { name, publicKey, version, owner } });
   */
  register(input: RegistrationInput, options?: CreateOptions): Promise<Registration> {
    return this.#registration.register(input, options);
  }

  /**
   * Reads the change feed: which agents and certificates were created, updated or deleted, in commit order.
   *
   * @returns the changes after the sequence number `query.after`, oldest first; an empty array when there are none.
   * @throws OUT_OF_RANGE when changes after `after` were pruned, or when `after` is greater than the last sequence
   * number; CONFLICT inside a transaction; INVALID_INPUT.
   * @example const changes = await db.changes({ after: lastSequence, limit: 100 });
   */
  changes(query?: ChangesQuery, options?: ReadOptions): Promise<Change[]> {
    return this.#changes.read(query, options);
  }

  /**
   * Follows the change feed: yields each change after its commit, and waits for the next one until `signal` aborts.
   *
   * @throws as {@link changes}, also later.
   * @example for await (const change of db.followChanges({ after: lastSequence })) console.log(change.kind, change.id);
   */
  followChanges(options?: FollowOptions): AsyncGenerator<Change, void, void> {
    return this.#changes.follow(options);
  }

  /**
   * Deletes the changes before a time. Call it when all readers have read them.
   *
   * @returns the number of deleted changes.
   * @throws CONFLICT inside a transaction; INVALID_INPUT.
   * @example await db.pruneChanges({ before: new Date(Date.now() - 7 * 86_400_000) });
   */
  pruneChanges(options: PruneChangesOptions): Promise<number> {
    return this.#changes.prune(options);
  }

  /**
   * Registers an agent with its endpoints, capabilities and metadata, atomically.
   *
   * @returns the id of the agent, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id or the held name is taken; REFERENCE_NOT_FOUND when the certificate does not
   * exist; INVALID_TRANSITION when it is REVOKED, unless `options` allow it; INVALID_INPUT.
   * @example const id = await db.createAgent({ name: 'planner', version: '1.2.0', owner, publicKey, certificateId });
   */
  createAgent(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.agents.create(agent, options);
  }

  /**
   * Returns an agent with all of its data as one snapshot; null when it does not exist. With the option `cache`, the
   * record is frozen and shared between callers.
   *
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example const agent = await db.getAgent(id);
   */
  getAgent(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.agents.get(id, options);
  }

  /**
   * Changes an agent atomically. `undefined` keeps a field, `null` clears an optional field, and `endpoints`,
   * `capabilities` and `metadata` replace the whole collection.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when it has changed since `options.ifUpdatedAt`; INVALID_TRANSITION for a change out of REVOKED or
   * to a REVOKED certificate; ALREADY_EXISTS when the new name is taken; REFERENCE_NOT_FOUND when the certificate does
   * not exist; INVALID_INPUT.
   * @example await db.updateAgent({ id, description: null, capabilities: ['plan', 'search'] });
   */
  updateAgent(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.agents.update(agent, options);
  }

  /**
   * Deletes an agent with its endpoints and metadata, and the capabilities that no other agent has.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example if (!(await db.deleteAgent(id))) console.log('unknown agent');
   */
  deleteAgent(id: string): Promise<boolean> {
    return this.agents.delete(id);
  }

  /**
   * Returns the agents that match all fields of a query, as one snapshot; an empty array when none does.
   *
   * @throws RESULT_TOO_LARGE when more than `maxResults` agents match a query without `limit`; INVALID_INPUT.
   * @example const agents = await db.queryAgents({ capabilities: ['plan'], version: '^1.2.0', limit: 20 });
   */
  queryAgents(query: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.agents.query(query, options);
  }

  /**
   * Stores a certificate with its metadata, atomically.
   *
   * @returns the id of the certificate, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id or the fingerprint is taken; INVALID_INPUT.
   * @example const id = await db.createCertificate(certificate);
   */
  createCertificate(certificate: CertificateInput): Promise<string> {
    return this.certificates.create(certificate);
  }

  /**
   * Returns a certificate as one snapshot; null when it does not exist. With the option `cache`, the record is frozen
   * and shared between callers.
   *
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example const certificate = await db.getCertificate(agent.certificateId);
   */
  getCertificate(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.get(id, options);
  }

  /**
   * Returns the certificate with a fingerprint; null when it does not exist. Ignores colons and case.
   *
   * @throws INVALID_INPUT when `fingerprint` is not a string or is empty.
   * @example const certificate = await db.getCertificateByFingerprint('3F:0A:91:7C');
   */
  getCertificateByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.getByFingerprint(fingerprint, options);
  }

  /**
   * Changes the status of a certificate. Agents are not changed: `certificates.revoke()` also suspends or revokes them.
   *
   * @returns false when the certificate does not exist.
   * @throws INVALID_TRANSITION when it is REVOKED and `status` is not; INVALID_INPUT.
   * @example await db.updateCertificateStatus(id, 'SUSPENDED');
   */
  updateCertificateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.certificates.updateStatus(id, status);
  }

  /**
   * Records a security event with its metadata, and appends it to the event chain, atomically.
   *
   * @returns the id of the event, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id is taken; INVALID_INPUT.
   * @example await db.recordSecurityEvent({ eventType: 'SYSTEM_ABUSE', severity: 'HIGH', source, target, description });
   */
  recordSecurityEvent(event: SecurityEventInput): Promise<string> {
    return this.events.record(event);
  }

  /**
   * Returns the security events that match all fields of a filter, newest first; an empty array when none does.
   *
   * @throws RESULT_TOO_LARGE when more than `maxResults` events match a filter without `limit`; INVALID_INPUT.
   * @example const events = await db.querySecurityEvents({ minSeverity: 'HIGH', from: yesterday });
   */
  querySecurityEvents(filter?: SecurityEventQuery, options?: ReadOptions): Promise<SecurityEvent[]>;
  /**
   * Returns the security events from `startTime` to `endTime`, both included, that match the other parameters.
   *
   * @throws as the form with a filter.
   */
  querySecurityEvents(
    startTime?: Date,
    endTime?: Date,
    eventTypes?: readonly SecurityEventType[],
    severities?: readonly SecuritySeverity[],
    source?: string,
    target?: string,
    limit?: number,
    offset?: number,
  ): Promise<SecurityEvent[]>;
  querySecurityEvents(
    first?: Date | SecurityEventQuery,
    second?: Date | ReadOptions,
    ...rest: LaterParameters
  ): Promise<SecurityEvent[]> {
    if (isTimeParameter(first) && isTimeParameter(second)) return this.events.query(toEventQuery(first, second, rest));
    // The form with a filter. The service checks both arguments.
    return this.events.query(first as SecurityEventQuery | undefined, second as ReadOptions | undefined);
  }
}

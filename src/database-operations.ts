import { AgentService } from './agents/agent-service';
import type { AgentInput, AgentRecord, AgentUpdate, CreateOptions, UpdateOptions } from './agents/types';
import type { ResolutionQuery } from './agents/query/types';
import { CertificateService } from './certificates/certificate-service';
import type { Certificate, CertificateInput, CertificateStatus } from './certificates/types';
import { ChangeService } from './changes/change-service';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './changes/types';
import type { DatabaseCalls } from './database-calls';
import type { Session } from './storage/session';
import { EventService } from './events/event-service';
import { isTimeParameter, toEventQuery, type LaterParameters } from './events/positional-query';
import type { SecurityEvent, SecurityEventInput, SecurityEventType, SecuritySeverity } from './events/types';
import type { SecurityEventQuery } from './events/query/types';
import type { ReadOptions } from './options/read-options';
import type { ServiceSettings } from './options/service-settings';
import { RegistrationService } from './registration/registration-service';
import type { Registration, RegistrationInput } from './registration/types';
import { ResolutionService } from './resolution/resolution-service';
import type { ResolveRequest, ResolveResult } from './resolution/types';
import type { OwnerScopes } from './tenancy/owner-scopes';
import { OwnerTransactionScope } from './tenancy/owner-transaction-scope';
import type { OwnerScopeOptions } from './tenancy/types';

/**
 * Returns the session of a database or of one of its transactions.
 *
 * @internal
 */
export let sessionOf: (operations: DatabaseOperations) => Session;

/**
 * Calls of a database, or of one transaction: the services, and the methods that {@link DatabaseCalls} documents. Every
 * error that a call throws is a `DatabaseError`.
 */
export abstract class DatabaseOperations implements DatabaseCalls, OwnerScopes {
  /** Service for agents: registration, resolution, changes and batches. */
  readonly agents: AgentService;
  /** Service for certificates: storage, search, revocation and rotation. */
  readonly certificates: CertificateService;
  /** Service for security events: recording, search, aggregation, pruning and verification. */
  readonly events: EventService;
  readonly #changes: ChangeService;
  readonly #registration: RegistrationService;
  readonly #resolution: ResolutionService;
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  static {
    sessionOf = (operations) => operations.#session;
  }

  /**
   * Creates the services of a database session.
   *
   * @internal
   */
  constructor(session: Session, settings: ServiceSettings) {
    this.agents = new AgentService(session, settings);
    this.certificates = new CertificateService(session, settings);
    this.events = new EventService(session, settings);
    this.#changes = new ChangeService(session, settings);
    this.#registration = new RegistrationService(session, settings);
    this.#resolution = new ResolutionService(session, settings);
    this.#session = session;
    this.#settings = settings;
  }

  forOwner(owner: string, options?: OwnerScopeOptions): OwnerTransactionScope {
    return new OwnerTransactionScope(this.#session, this.#settings, owner, options);
  }

  resolve(request: ResolveRequest, options?: ReadOptions): Promise<ResolveResult> {
    return this.#resolution.resolve(request, options);
  }

  resolveMany(requests: readonly ResolveRequest[], options?: ReadOptions): Promise<ResolveResult[]> {
    return this.#resolution.resolveMany(requests, options);
  }

  register(input: RegistrationInput, options?: CreateOptions): Promise<Registration> {
    return this.#registration.register(input, options);
  }

  changes(query?: ChangesQuery, options?: ReadOptions): Promise<Change[]> {
    return this.#changes.read(query, options);
  }

  followChanges(options?: FollowOptions): AsyncGenerator<Change, void, void> {
    return this.#changes.follow(options);
  }

  pruneChanges(options: PruneChangesOptions): Promise<number> {
    return this.#changes.prune(options);
  }

  createAgent(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.agents.create(agent, options);
  }

  getAgent(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.agents.get(id, options);
  }

  updateAgent(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.agents.update(agent, options);
  }

  deleteAgent(id: string): Promise<boolean> {
    return this.agents.delete(id);
  }

  queryAgents(query: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.agents.query(query, options);
  }

  createCertificate(certificate: CertificateInput): Promise<string> {
    return this.certificates.create(certificate);
  }

  getCertificate(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.get(id, options);
  }

  getCertificateByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.getByFingerprint(fingerprint, options);
  }

  updateCertificateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.certificates.updateStatus(id, status);
  }

  recordSecurityEvent(event: SecurityEventInput): Promise<string> {
    return this.events.record(event);
  }

  // `DatabaseCalls` does not declare `querySecurityEvents`, because editors would then show the docstrings of all
  // overloads for each overload.
  /**
   * Returns the security events that match all fields of a filter, newest first; an empty array when none matches.
   *
   * @throws RESULT_TOO_LARGE when more than `maxResults` events match a filter without `limit`, or when the result is
   * larger than `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000);
   * const events = await db.querySecurityEvents({ minSeverity: 'HIGH', from: yesterday });
   * ```
   */
  querySecurityEvents(filter?: SecurityEventQuery, options?: ReadOptions): Promise<SecurityEvent[]>;
  /**
   * Returns the security events from `startTime` to `endTime`, both included, that match the other parameters, newest
   * first; an empty array when none matches. A parameter that is `undefined` does not restrict the results.
   *
   * @throws the same errors as the form with a filter.
   * @example
   * ```ts
   * const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000);
   * const events = await db.querySecurityEvents(yesterday, new Date(), ['SYSTEM_ABUSE']);
   * ```
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
    // The first parameter is a filter, because it is not a time. The casts are safe, because the service checks both
    // arguments.
    return this.events.query(first as SecurityEventQuery | undefined, second as ReadOptions | undefined);
  }
}

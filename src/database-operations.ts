import { types } from 'node:util';
import { AgentService } from './agents/agent-service';
import type { AgentInput, AgentRecord, AgentUpdate, CreateOptions, UpdateOptions } from './agents/types';
import type { ResolutionQuery } from './agents/query/types';
import { CertificateService } from './certificates/certificate-service';
import type { Certificate, CertificateInput, CertificateStatus } from './certificates/types';
import { ChangeService } from './changes/change-service';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './changes/types';
import type { Session } from './storage/session';
import { EventService } from './events/event-service';
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
 * Operations of a database and of one of its transactions: the services, and the seed's flat methods, each of which
 * calls its service.
 */
export abstract class DatabaseOperations {
  readonly agents: AgentService;
  readonly certificates: CertificateService;
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

  /** {@link RegistrationService.register} */
  register(input: RegistrationInput, options?: CreateOptions): Promise<Registration> {
    return this.#registration.register(input, options);
  }

  /** {@link ChangeService.read} */
  changes(query?: ChangesQuery, options?: ReadOptions): Promise<Change[]> {
    return this.#changes.read(query, options);
  }

  /** {@link ChangeService.follow} */
  followChanges(options?: FollowOptions): AsyncGenerator<Change, void, void> {
    return this.#changes.follow(options);
  }

  /** {@link ChangeService.prune} */
  pruneChanges(options: PruneChangesOptions): Promise<number> {
    return this.#changes.prune(options);
  }

  /** {@link AgentService.create} */
  createAgent(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.agents.create(agent, options);
  }

  /** {@link AgentService.get} */
  getAgent(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.agents.get(id, options);
  }

  /** {@link AgentService.update} */
  updateAgent(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.agents.update(agent, options);
  }

  /** {@link AgentService.delete} */
  deleteAgent(id: string): Promise<boolean> {
    return this.agents.delete(id);
  }

  /** {@link AgentService.query} */
  queryAgents(query: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.agents.query(query, options);
  }

  /** {@link CertificateService.create} */
  createCertificate(certificate: CertificateInput): Promise<string> {
    return this.certificates.create(certificate);
  }

  /** {@link CertificateService.get} */
  getCertificate(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.get(id, options);
  }

  /** {@link CertificateService.getByFingerprint} */
  getCertificateByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.certificates.getByFingerprint(fingerprint, options);
  }

  /** {@link CertificateService.updateStatus} */
  updateCertificateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.certificates.updateStatus(id, status);
  }

  /** {@link EventService.record} */
  recordSecurityEvent(event: SecurityEventInput): Promise<string> {
    return this.events.record(event);
  }

  /** {@link EventService.query} */
  querySecurityEvents(filter?: SecurityEventQuery, options?: ReadOptions): Promise<SecurityEvent[]>;
  /** {@link EventService.query}, as the seed writes it: from `startTime` to `endTime`, both included. */
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
    if (isTime(first) && isTime(second)) return this.events.query(toEventQuery(first, second, rest));
    // One of the two is no time, so this is the form with a filter: whatever else is in it, the service refuses.
    return this.events.query(first as SecurityEventQuery | undefined, second as ReadOptions | undefined);
  }
}

type LaterParameters = [
  eventTypes?: readonly SecurityEventType[],
  severities?: readonly SecuritySeverity[],
  source?: string,
  target?: string,
  limit?: number,
  offset?: number,
];

// A Date may come from another realm, so instanceof does not work. The check of the time rejects a value that is not an
// object.
function isTime(value: object | undefined): value is Date | undefined {
  return typeof value !== 'object' || types.isDate(value);
}

function toEventQuery(from: Date | undefined, to: Date | undefined, parameters: LaterParameters): SecurityEventQuery {
  const [eventTypes, severities, source, target, limit, offset] = parameters;
  return { from, to, eventTypes, severities, source, target, limit, offset };
}

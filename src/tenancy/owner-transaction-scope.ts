import { toDatabaseError } from '../errors/operation';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import { RegistrationService } from '../registration/registration-service';
import type { Registration, RegistrationInput } from '../registration/types';
import type { CreateOptions } from '../agents/types';
import { ResolutionService } from '../resolution/resolution-service';
import type { ResolveRequest, ResolveResult } from '../resolution/types';
import type { Session } from '../storage/session';
import { Validator } from '../validation/validator';
import { parseScopeOptions } from './options';
import { OwnerAgents } from './owner-agents';
import { OwnerCertificates } from './owner-certificates';
import { ReadOnlySession } from './read-only-session';
import type { OwnedRegistrationInput, OwnerScopeOptions } from './types';

/**
 * Calls inside a transaction that are limited to the records of one owner. For these calls, the records of other owners
 * do not exist.
 */
export class OwnerTransactionScope {
  /** Service for the agents of the owner. */
  readonly agents: OwnerAgents;
  /** Service for the certificates that only agents of the owner hold. */
  readonly certificates: OwnerCertificates;
  readonly #registration: RegistrationService;
  readonly #resolution: ResolutionService;

  /**
   * Creates a scope whose calls are limited to one owner.
   *
   * @throws INVALID_INPUT when `owner` or an option is invalid
   * @internal
   */
  constructor(session: Session, settings: ServiceSettings, owner: string, options?: OwnerScopeOptions) {
    const { access, checks } = parseScope(settings, owner, options);
    const own = { ...settings, checks };
    const permitted = access === 'read' ? new ReadOnlySession(session) : session;
    this.agents = new OwnerAgents(permitted, own);
    this.certificates = new OwnerCertificates(permitted, own);
    this.#registration = new RegistrationService(permitted, own);
    this.#resolution = new ResolutionService(permitted, own);
  }

  /**
   * Resolves a name among the agents of the owner, as `db.resolve` does. The outcome is never `ambiguous`.
   *
   * @throws INVALID_INPUT, also when the request names another owner, in `owner` or in `agentName`.
   * @example
   * ```ts
   * const result = await db.forOwner(owner).resolve({ name: 'translator', version: '^1.2.0' });
   * if (result.outcome === 'resolved') console.log(result.agent.version);
   * ```
   */
  resolve(request: ResolveRequest, options?: ReadOptions): Promise<ResolveResult> {
    return this.#resolution.resolve(request, options);
  }

  /**
   * Resolves several names among the agents of the owner, as `db.resolveMany` does.
   *
   * @returns the outcomes, in the order of the requests.
   * @throws INVALID_INPUT, also when a request names another owner.
   * @example
   * ```ts
   * const [planner] = await db.forOwner(owner).resolveMany([{ name: 'planner' }, { name: 'translator' }]);
   * console.log(planner?.outcome);
   * ```
   */
  resolveMany(requests: readonly ResolveRequest[], options?: ReadOptions): Promise<ResolveResult[]> {
    return this.#resolution.resolveMany(requests, options);
  }

  /**
   * Stores a certificate and registers an agent of the owner that holds it, atomically, as `db.register` does.
   *
   * @returns the ids of the stored records.
   * @throws ALREADY_EXISTS when an id or the fingerprint is taken, also by a record of another owner; INVALID_INPUT, also
   * when the input has an event or another owner; PERMISSION_DENIED when the scope has only read access; the other
   * errors of `db.register`.
   * @example
   * ```ts
   * const { agentId } = await db.forOwner(owner).register({
   *   certificate,
   *   agent: { name: 'planner', version: '1.2.0', publicKey },
   * });
   * ```
   */
  register(input: OwnedRegistrationInput, options?: CreateOptions): Promise<Registration> {
    // The cast is safe, because the service adds the owner of the scope to the agent.
    return this.#registration.register(input as RegistrationInput, options);
  }
}

function parseScope(settings: ServiceSettings, owner: string, options: OwnerScopeOptions | undefined) {
  try {
    const { checks } = settings;
    const access = parseScopeOptions(options);
    return { access, checks: new Validator(checks.limits, checks.id(owner, 'owner')) };
  } catch (error) {
    throw toDatabaseError('forOwner', error);
  }
}

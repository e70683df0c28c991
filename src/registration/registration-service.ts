import { parseCreateOptions } from '../agents/options';
import { assertNameFree, insertAgent } from '../agents/commands';
import { agentDefaults, parseNewAgent } from '../agents/validation';
import type { CreateOptions } from '../agents/types';
import { insertCertificate } from '../certificates/commands';
import { parseNewCertificate } from '../certificates/validation';
import type { Session } from '../storage/session';
import { failuresAt, invalidInput } from '../errors/failure';
import { parseNewEvent } from '../events/validation';
import { recordEvents } from '../events/commands';
import { checkObject, ifDefined } from '../validation/checks';
import { guardedRead } from '../validation/guarded-read';
import type { ServiceSettings } from '../options/service-settings';
import type { Registration, RegistrationInput } from './types';

const fieldNames = new Set(['certificate', 'agent', 'event'] as const);

/** Registers agents together with their certificates. `DatabaseCalls` documents the method `register`. */
export class RegistrationService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Creates the service for registrations. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  register(input: RegistrationInput, options?: CreateOptions): Promise<Registration> {
    return this.#session.write('register', async (executor) => {
      const rules = parseCreateOptions(options);
      const fields = checkObject(input, 'registration', fieldNames);
      const { checks } = this.#settings;
      const defaults = agentDefaults(this.#settings, rules);
      const { nowMs } = defaults;
      const certificate = failuresAt('certificate', () => parseNewCertificate(fields.certificate, nowMs, checks));
      const agent = failuresAt('agent', () => {
        const completed = withCertificate(fields.agent, certificate.columns.id);
        // Sets no owner of the scope, because the certificate is new: no agent of another owner can hold it.
        return { ...parseNewAgent(completed, defaults), scopeOwner: undefined };
      });
      if (checks.scopeOwner !== undefined && fields.event !== undefined) {
        throw invalidInput('event', 'must be absent in the scope of an owner');
      }
      const event = ifDefined(fields.event, 'event', (value) =>
        failuresAt('event', () => parseNewEvent(value, nowMs, checks)),
      );
      return executor.withTransaction(async (tx) => {
        await assertNameFree(tx, agent, rules);
        const certificateId = insertCertificate(tx, certificate, nowMs);
        const agentId = insertAgent(tx, agent, rules, nowMs);
        if (event === undefined) return { certificateId, agentId };
        await recordEvents(tx, [event], nowMs);
        return { certificateId, agentId, eventId: event.columns.id };
      });
    });
  }
}

// Returns a copy of an agent with the id of its certificate as `certificateId`. Returns a value that is not an object
// unchanged, because `parseNewAgent` rejects it.
function withCertificate(agent: unknown, certificateId: string): unknown {
  return guardedRead('agent', () => {
    if (Object.prototype.toString.call(agent) !== '[object Object]') return agent;
    // The cast is safe, because a plain object can have any fields.
    const { certificateId: given = certificateId, ...fields } = agent as { readonly certificateId?: unknown };
    if (given !== certificateId)
      throw invalidInput('certificateId', 'must equal the id of the certificate, or be absent');
    return { ...fields, certificateId };
  });
}

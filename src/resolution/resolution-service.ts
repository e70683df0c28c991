import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Session } from '../storage/session';
import { resolveTargets } from './queries';
import type { ResolveRequest, ResolveResult } from './types';
import { parseResolveRequest, parseResolveRequests } from './validation';

/** Resolves names to agents. `DatabaseCalls` documents the methods. */
export class ResolutionService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Called only by this package. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  resolve(request: ResolveRequest, options?: ReadOptions): Promise<ResolveResult> {
    return this.#session.read('resolve', options, async (executor) => {
      const target = parseResolveRequest(request, this.#settings.checks);
      // Only the type allows an empty array: one request has exactly one result.
      const [result = { outcome: 'not-found' }] = await resolveTargets(executor, [target], this.#settings);
      return result;
    });
  }

  resolveMany(requests: readonly ResolveRequest[], options?: ReadOptions): Promise<ResolveResult[]> {
    return this.#session.read('resolveMany', options, (executor) =>
      resolveTargets(executor, parseResolveRequests(requests, this.#settings.checks), this.#settings),
    );
  }
}

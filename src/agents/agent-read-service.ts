import { checkPage, readAhead, recordsOf, type Page, type PageOptions } from '../query/page';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import type { AgentReader } from './agent-reader';
import { countAgents, getAgent, getAgents, queryAgentPage, queryAgents } from './queries';
import { countFacets } from './facets/facets';
import type { FacetRequest, FacetsOf } from './facets/types';
import { parseFacets } from './facets/validation';
import type { AgentFilterQuery, ResolutionQuery } from './query/types';
import { byId, parseFilterQuery, parseResolutionQuery } from './query/validation';
import { withOwnSuccessors } from './own-successors';
import type { AgentRecord } from './types';
import type { AgentVersion, VersionsRequest } from './version-types';
import { getVersions, parseVersionsRequest } from './versions';

/** Methods of {@link AgentService} that read. {@link AgentReader} documents the methods. */
export abstract class AgentReadService implements AgentReader {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Called only by this package. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  async get(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    const { checks } = this.#settings;
    const agent = await this.#session.readRecord('agents.get', options, () => {
      const key = checks.id(id, 'id');
      return { by: 'agent', key, read: (executor: Executor) => getAgent(executor, key) };
    });
    const { scopeOwner } = checks;
    if (scopeOwner === undefined) return agent;
    // The record may come from the cache. The callers of all owners share the cache, so the owner must be checked.
    if (agent?.owner !== scopeOwner) return null;
    if (agent.deprecation?.successorId === undefined) return agent;
    return this.#session.read('agents.get', options, async (executor) => {
      const [record = null] = await withOwnSuccessors(executor, [agent], scopeOwner);
      return record;
    });
  }

  getMany(ids: readonly string[], options?: ReadOptions): Promise<(AgentRecord | null)[]> {
    return this.#session.read('agents.getMany', options, (executor) => {
      const { checks } = this.#settings;
      return getAgents(executor, checks.list(ids, 'ids', checks.id), checks);
    });
  }

  query(query: ResolutionQuery = {}, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.#session.read('agents.query', options, (executor) =>
      queryAgents(executor, parseResolutionQuery(query, this.#settings.checks), this.#settings),
    );
  }

  page(query: ResolutionQuery = {}, page?: PageOptions, options?: ReadOptions): Promise<Page<AgentRecord>> {
    return this.#session.read('agents.page', options, (executor) => {
      const { checks } = this.#settings;
      const request = checkPage(page, checks);
      return queryAgentPage(executor, parseResolutionQuery(query, checks), request, this.#settings);
    });
  }

  iterate(query: ResolutionQuery = {}, options?: ReadOptions): AsyncGenerator<AgentRecord, void, void> {
    const { checks } = this.#settings;
    return recordsOf((after) =>
      this.#session.read('agents.iterate', options, (executor) =>
        readAhead(after, checks, (request) =>
          queryAgentPage(executor, parseResolutionQuery(query, checks, byId), request, this.#settings),
        ),
      ),
    );
  }

  versions(request: VersionsRequest, options?: ReadOptions): Promise<AgentVersion[]> {
    return this.#session.read('agents.versions', options, (executor) =>
      getVersions(executor, parseVersionsRequest(request, this.#settings.checks), this.#settings),
    );
  }

  count(query: ResolutionQuery = {}, options?: ReadOptions): Promise<number> {
    return this.#session.read('agents.count', options, (executor) => {
      const { filter } = parseResolutionQuery(query, this.#settings.checks);
      return countAgents(executor, filter, this.#settings);
    });
  }

  facets<R extends readonly FacetRequest[]>(
    query: AgentFilterQuery,
    requests: readonly [...R],
    options?: ReadOptions,
  ): Promise<FacetsOf<R>> {
    return this.#session.read('agents.facets', options, async (executor) => {
      const filter = parseFilterQuery(query, this.#settings.checks);
      const facets = parseFacets(requests, this.#settings.checks);
      // The cast is safe. Each facet belongs to the request at the same index, and its keys have the type of the
      // requested property.
      return (await countFacets(executor, filter, facets, this.#settings)) as FacetsOf<R>;
    });
  }
}

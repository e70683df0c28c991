import type { AgentBatchWriter } from '../agents/agent-batch-writer';
import type { AgentReader } from '../agents/agent-reader';
import type { AgentSelectionWriter } from '../agents/agent-selection-writer';
import { AgentService } from '../agents/agent-service';
import type { AgentWriter } from '../agents/agent-writer';
import type { UpdateManyOptions, UpdateResult, UpsertManyOptions, UpsertResult } from '../agents/batch-types';
import type { AgentFilterQuery, ResolutionQuery } from '../agents/query/types';
import type {
  AgentInput,
  AgentRecord,
  AgentStatus,
  AgentUpdate,
  ChangeOptions,
  CreateManyOptions,
  CreateOptions,
  EndpointHealthInput,
  EndpointHealthReport,
  UpdateOptions,
} from '../agents/types';
import type { CreateResult } from '../options/batch-options';
import type { FacetRequest, FacetsOf } from '../agents/facets/types';
import type { AgentVersion, DeprecateOptions, VersionsRequest } from '../agents/version-types';
import type { AgentPatch, DeleteWhereOptions, UpdateWhereOptions } from '../agents/where-types';
import type { Metadata } from '../metadata/types';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Page, PageOptions } from '../query/page';
import type { Session } from '../storage/session';
import type { OwnedAgentInput } from './types';

/** Methods of `db.agents` in an owner scope: all except those that change the owner of an agent. */
export type OwnerAgentCalls = AgentReader & AgentBatchWriter & AgentSelectionWriter & Omit<AgentWriter, 'transfer'>;

/**
 * Agents of one owner. {@link AgentReader}, {@link AgentWriter}, {@link AgentBatchWriter} and {@link
 * AgentSelectionWriter} document the methods. For these methods, agents of other owners do not exist.
 *
 * The class lists each method. Therefore a new method of `db.agents` does not compile until somebody has limited it to
 * the owner (see `Validator.scopeOwner`).
 */
export class OwnerAgents implements OwnerAgentCalls {
  readonly #agents: AgentService;

  /** Creates the service for the agents of one owner. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#agents = new AgentService(session, settings);
  }

  get(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.#agents.get(id, options);
  }

  getMany(ids: readonly string[], options?: ReadOptions): Promise<(AgentRecord | null)[]> {
    return this.#agents.getMany(ids, options);
  }

  query(query?: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.#agents.query(query, options);
  }

  page(query?: ResolutionQuery, page?: PageOptions, options?: ReadOptions): Promise<Page<AgentRecord>> {
    return this.#agents.page(query, page, options);
  }

  iterate(query?: ResolutionQuery, options?: ReadOptions): AsyncGenerator<AgentRecord, void, void> {
    return this.#agents.iterate(query, options);
  }

  versions(request: VersionsRequest, options?: ReadOptions): Promise<AgentVersion[]> {
    return this.#agents.versions(request, options);
  }

  count(query?: ResolutionQuery, options?: ReadOptions): Promise<number> {
    return this.#agents.count(query, options);
  }

  facets<R extends readonly FacetRequest[]>(
    query: AgentFilterQuery,
    requests: readonly [...R],
    options?: ReadOptions,
  ): Promise<FacetsOf<R>> {
    return this.#agents.facets(query, requests, options);
  }

  create(agent: OwnedAgentInput, options?: CreateOptions): Promise<string> {
    // The cast is safe, because the service adds the owner of the scope to the agent.
    return this.#agents.create(agent as AgentInput, options);
  }

  createMany(agents: readonly OwnedAgentInput[], options?: CreateManyOptions): Promise<CreateResult[]> {
    // The cast is safe, because the service adds the owner of the scope to the agents.
    return this.#agents.createMany(agents as readonly AgentInput[], options);
  }

  update(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.#agents.update(agent, options);
  }

  setStatus(id: string, status: AgentStatus, options?: ChangeOptions): Promise<boolean> {
    return this.#agents.setStatus(id, status, options);
  }

  deprecate(id: string, options?: DeprecateOptions): Promise<boolean> {
    return this.#agents.deprecate(id, options);
  }

  setCapabilities(id: string, names: readonly string[], options?: ChangeOptions): Promise<boolean> {
    return this.#agents.setCapabilities(id, names, options);
  }

  setMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#agents.setMetadata(id, metadata, options);
  }

  mergeMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#agents.mergeMetadata(id, metadata, options);
  }

  setEndpointHealth(agentId: string, endpointId: string, health: EndpointHealthInput): Promise<boolean> {
    return this.#agents.setEndpointHealth(agentId, endpointId, health);
  }

  renew(id: string, expiresAt: Date, options?: ChangeOptions): Promise<boolean> {
    return this.#agents.renew(id, expiresAt, options);
  }

  delete(id: string): Promise<boolean> {
    return this.#agents.delete(id);
  }

  updateMany(updates: readonly AgentUpdate[], options?: UpdateManyOptions): Promise<UpdateResult[]> {
    return this.#agents.updateMany(updates, options);
  }

  deleteMany(ids: readonly string[]): Promise<boolean[]> {
    return this.#agents.deleteMany(ids);
  }

  upsertMany(agents: readonly OwnedAgentInput[], options: UpsertManyOptions): Promise<UpsertResult[]> {
    // The cast is safe, because the service adds the owner of the scope to the agents.
    return this.#agents.upsertMany(agents as readonly AgentInput[], options);
  }

  updateWhere(query: ResolutionQuery, patch: AgentPatch, options?: UpdateWhereOptions): Promise<number> {
    return this.#agents.updateWhere(query, patch, options);
  }

  deleteWhere(query: ResolutionQuery, options?: DeleteWhereOptions): Promise<number> {
    return this.#agents.deleteWhere(query, options);
  }

  recordHealth(reports: readonly EndpointHealthReport[]): Promise<boolean[]> {
    return this.#agents.recordHealth(reports);
  }

  expireDue(): Promise<number> {
    return this.#agents.expireDue();
  }
}

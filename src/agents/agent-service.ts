import { checkPage, readAhead, recordsOf, type Page, type PageOptions } from '../query/page';
import type { Operation } from '../errors/operation';
import { toMetadataRows } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import type { AgentReader } from './agent-reader';
import type { AgentWriter } from './agent-writer';
import {
  assertNameFree,
  deleteAgent,
  expireDueAgents,
  insertAgent,
  mergeMetadata,
  renewAgent,
  setEndpointHealth,
  setStatus,
  updateAgent,
} from './commands';
import { createAgents } from './create-many';
import { parseHealth } from './endpoint-validation';
import {
  parseChangeOptions,
  parseCreateManyOptions,
  parseCreateOptions,
  parseUpdateOptions,
  type ChangeRules,
  type RegistrationRules,
} from './options';
import { countAgents, getAgent, getAgents, queryAgentPage, queryAgents } from './queries';
import type { ResolutionQuery } from './query/types';
import { byId, parseResolutionQuery } from './query/validation';
import type {
  AgentInput,
  AgentRecord,
  AgentStatus,
  AgentUpdate,
  ChangeOptions,
  CreateManyOptions,
  CreateOptions,
  CreateResult,
  EndpointHealthInput,
  UpdateOptions,
} from './types';
import { parseAgentUpdate, parseNewAgent, type AgentDefaults } from './validation';

/** Maximum number of agents that `expireDue` changes in one transaction. */
const batchSize = 250;

/**
 * Registers, finds and changes agents. {@link AgentReader} and {@link AgentWriter} document the methods. Every error is
 * a `DatabaseError`.
 */
export class AgentService implements AgentReader, AgentWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  get(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.#session.readRecord('agents.get', options, () => {
      const key = this.#settings.checks.id(id, 'id');
      return { by: 'agent', key, read: (executor: Executor) => getAgent(executor, key) };
    });
  }

  getMany(ids: readonly string[], options?: ReadOptions): Promise<(AgentRecord | null)[]> {
    return this.#session.read('agents.getMany', options, (executor) => {
      const { checks } = this.#settings;
      return getAgents(executor, checks.list(ids, 'ids', checks.id), checks.limits);
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

  count(query: ResolutionQuery = {}, options?: ReadOptions): Promise<number> {
    return this.#session.read('agents.count', options, (executor) => {
      const { filter } = parseResolutionQuery(query, this.#settings.checks);
      return countAgents(executor, filter, this.#settings);
    });
  }

  create(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.#session.write('agents.create', (executor) => {
      const rules = parseCreateOptions(options);
      const defaults = this.#defaults(rules);
      const row = parseNewAgent(agent, defaults);
      return executor.withTransaction(async (tx) => {
        await assertNameFree(tx, row, rules);
        return insertAgent(tx, row, rules, defaults.nowMs);
      });
    });
  }

  createMany(agents: readonly AgentInput[], options?: CreateManyOptions): Promise<CreateResult[]> {
    return this.#session.write('agents.createMany', (executor) => {
      const rules = parseCreateManyOptions(options);
      const inputs = this.#settings.checks.batch(agents, 'agents', (agent) => agent);
      return createAgents(executor, inputs, this.#defaults(rules), rules);
    });
  }

  update(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.#change('agents.update', updateAgent, agent, () => parseUpdateOptions(options));
  }

  setStatus(id: string, status: AgentStatus, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setStatus', setStatus, { id, status: required(status) }, () =>
      parseChangeOptions(options),
    );
  }

  setCapabilities(id: string, names: readonly string[], options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setCapabilities', updateAgent, { id, capabilities: required(names) }, () =>
      parseChangeOptions(options),
    );
  }

  setMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setMetadata', updateAgent, { id, metadata: required(metadata) }, () =>
      parseChangeOptions(options),
    );
  }

  mergeMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#session.write('agents.mergeMetadata', (executor) => {
      const { checks, now } = this.#settings;
      const change = parseAgentUpdate({ id }, now(), checks);
      const merged = { ...change, mergedMetadata: toMetadataRows(metadata, 'metadata', checks) };
      const rules = parseChangeOptions(options);
      return executor.withTransaction((tx) => mergeMetadata(tx, merged, checks.limits, rules));
    });
  }

  setEndpointHealth(agentId: string, endpointId: string, health: EndpointHealthInput): Promise<boolean> {
    return this.#session.write('agents.setEndpointHealth', (executor) => {
      const { checks, now } = this.#settings;
      const nowMs = now();
      const columns = {
        agentId: checks.id(agentId, 'agentId'),
        id: checks.id(endpointId, 'endpointId'),
        ...parseHealth(required(health), 'health', nowMs, checks),
      };
      return executor.withTransaction((tx) => setEndpointHealth(tx, columns, nowMs));
    });
  }

  renew(id: string, expiresAt: Date, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.renew', renewAgent, { id, expiresAt: required(expiresAt) }, () =>
      parseChangeOptions(options),
    );
  }

  expireDue(): Promise<number> {
    return this.#session.write('agents.expireDue', async (executor) => {
      const nowMs = this.#settings.now();
      for (let count = 0; ;) {
        const expired = await executor.withTransaction((tx) => expireDueAgents(tx, nowMs, batchSize));
        count += expired;
        if (expired < batchSize) return count;
      }
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#session.write('agents.delete', (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => deleteAgent(tx, key, nowMs));
    });
  }

  #change(
    operation: Operation,
    command: typeof updateAgent,
    update: AgentUpdate,
    parseOptions: () => ChangeRules,
  ): Promise<boolean> {
    return this.#session.write(operation, (executor) => {
      const change = parseAgentUpdate(update, this.#settings.now(), this.#settings.checks);
      const rules = parseOptions();
      return executor.withTransaction((tx) => command(tx, change, rules));
    });
  }

  #defaults({ uniqueness, allowsRevoked }: RegistrationRules): AgentDefaults {
    const { now, defaultAgentLifetimeMs, checks } = this.#settings;
    return { nowMs: now(), lifetimeMs: defaultAgentLifetimeMs, uniqueness, allowsRevoked, checks };
  }
}

// Converts undefined to null in a required argument. The validation rejects null. It would accept undefined, because it
// treats undefined as an omitted field.
function required<T>(value: T): T {
  // The type excludes undefined. A caller that passes it has already ignored the type, so the cast hides no other
  // mistake.
  return value === undefined ? (null as T) : value;
}

import type { Session } from '../storage/session';
import type { Operation } from '../errors/operation';
import { toMetadataRows } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { ServiceSettings } from '../options/service-settings';
import type { Transaction } from '../storage/transaction';
import { insertAll, insertBatch, parseBatch, toResult, type Outcome } from './batch-commands';
import {
  parseChangeOptions,
  parseCreateManyOptions,
  parseCreateOptions,
  parseUpdateOptions,
  type ChangeRules,
  type RegistrationRules,
} from './options';
import { AgentReadService } from './agent-read-service';
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
import { parseAgentUpdate, parseNewAgent, type AgentDefaults } from './validation';
import { parseHealth } from './endpoint-validation';
import type {
  AgentInput,
  AgentStatus,
  AgentUpdate,
  ChangeOptions,
  CreateManyOptions,
  CreateOptions,
  CreateResult,
  EndpointHealthInput,
  UpdateOptions,
} from './types';

/** Agents that expire in one transaction. */
const sweepSize = 250;

/** Registers agents, changes and finds them. Every failure is a `DatabaseError`. */
export class AgentService extends AgentReadService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    super(session, settings);
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Registers an agent with all of its collections, or writes nothing.
   *
   * @returns its id: a UUIDv7 when none was given.
   * @throws ALREADY_EXISTS when the id is taken, when another agent holds the name and version, or when they are to be
   * `unique` and another agent has them; REFERENCE_NOT_FOUND when the certificate is unknown; INVALID_TRANSITION when
   * it is REVOKED, unless the options allow it; INVALID_INPUT.
   */
  create(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.#session.write('agents.create', async (executor) => {
      const rules = parseCreateOptions(options);
      const defaults = this.#defaults(rules);
      const row = parseNewAgent(agent, defaults);
      return executor.withTransaction(async (tx) => {
        await assertNameFree(tx, row, rules);
        return insertAgent(tx, row, rules, defaults.nowMs);
      });
    });
  }

  /**
   * Registers many agents, some hundreds of them by each set of statements.
   *
   * @returns the result of each agent, in their order; when `onError` is `abort`, all of them are registered.
   * @throws with `abort`, the error of the first agent that is refused, and nothing is registered; INVALID_INPUT for
   * wrong options, and for an argument that is not an array.
   */
  createMany(agents: readonly AgentInput[], options?: CreateManyOptions): Promise<CreateResult[]> {
    return this.#session.write('agents.createMany', async (executor) => {
      const { rules, mayCollect, onProgress } = parseCreateManyOptions(options);
      const inputs = this.#settings.checks.batch(agents, 'agents', (agent) => agent);
      const defaults = this.#defaults(rules);
      const register = (tx: Transaction, start: number): Promise<Outcome[]> =>
        insertBatch(tx, parseBatch(inputs, start, defaults), defaults);
      if (!mayCollect) {
        return executor.withTransaction((tx) => insertAll((start) => register(tx, start), inputs.length, onProgress));
      }
      const results: CreateResult[] = [];
      while (results.length < inputs.length) {
        const outcomes = await executor.withTransaction((tx) => register(tx, results.length));
        results.push(...outcomes.map(toResult));
        onProgress(results.length, inputs.length);
      }
      return results;
    });
  }

  /**
   * Changes an agent atomically. `undefined` keeps a field, `null` clears an optional field, and `endpoints`,
   * `capabilities` and `metadata` replace the whole collection. Sets `updatedAt` to now, or to one millisecond after
   * the previous value if that is later. Clears a default endpoint that is missing from the new endpoints.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when it was changed since `ifUpdatedAt`; INVALID_TRANSITION for a change out of REVOKED, and for
   * another certificate that is REVOKED, unless the options allow it; ALREADY_EXISTS when another agent holds the new
   * name and version; REFERENCE_NOT_FOUND when the certificate is unknown; INVALID_INPUT, also when the default
   * endpoint does not belong to the agent.
   */
  update(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean> {
    return this.#change('agents.update', updateAgent, agent, () => parseUpdateOptions(options));
  }

  /**
   * Sets the status of an agent. REVOKED to REVOKED changes nothing and answers true.
   *
   * @returns false when absent.
   * @throws INVALID_TRANSITION out of REVOKED, CONFLICT when it was changed since `ifUpdatedAt`, INVALID_INPUT.
   */
  setStatus(id: string, status: AgentStatus, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setStatus', setStatus, { id, status: given(status) }, () =>
      parseChangeOptions(options),
    );
  }

  /** Replaces the capabilities of an agent. Otherwise as {@link update}. */
  setCapabilities(id: string, names: readonly string[], options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setCapabilities', updateAgent, { id, capabilities: given(names) }, () =>
      parseChangeOptions(options),
    );
  }

  /** Replaces the metadata of an agent. Otherwise as {@link update}. */
  setMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.setMetadata', updateAgent, { id, metadata: given(metadata) }, () =>
      parseChangeOptions(options),
    );
  }

  /** Sets the given keys of an agent's metadata, `null` being a value, and leaves the others. Otherwise as {@link update}. */
  mergeMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean> {
    return this.#session.write('agents.mergeMetadata', async (executor) => {
      const change = parseAgentUpdate({ id }, this.#settings.now(), this.#settings.checks);
      const merged = { ...change, mergedMetadata: toMetadataRows(metadata, 'metadata', this.#settings.checks) };
      const rules = parseChangeOptions(options);
      const { limits } = this.#settings.checks;
      return executor.withTransaction((tx) => mergeMetadata(tx, merged, limits, rules));
    });
  }

  /**
   * Records the result of a health check. It does not change `updatedAt` of the agent, but it is a change in the feed.
   *
   * @returns false when the agent, or the endpoint, does not exist.
   * @throws INVALID_INPUT
   */
  setEndpointHealth(agentId: string, endpointId: string, health: EndpointHealthInput): Promise<boolean> {
    return this.#session.write('agents.setEndpointHealth', async (executor) => {
      const nowMs = this.#settings.now();
      const columns = {
        agentId: this.#settings.checks.id(agentId, 'agentId'),
        id: this.#settings.checks.id(endpointId, 'endpointId'),
        ...parseHealth(given(health), 'health', nowMs, this.#settings.checks),
      };
      return executor.withTransaction((tx) => setEndpointHealth(tx, columns, nowMs));
    });
  }

  /**
   * Lets an agent be registered until `expiresAt`; one that is EXPIRED becomes ACTIVE again.
   *
   * @returns false when absent.
   * @throws INVALID_TRANSITION when it is REVOKED, CONFLICT when it was changed since `ifUpdatedAt`, INVALID_INPUT.
   */
  renew(id: string, expiresAt: Date, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.renew', renewAgent, { id, expiresAt: given(expiresAt) }, () =>
      parseChangeOptions(options),
    );
  }

  /**
   * Sets all ACTIVE and DEPRECATED agents whose time has passed to EXPIRED. Runs one guarded statement, in a
   * transaction of its own, for every few hundred agents. Does not change an agent that is renewed or revoked at the
   * same time.
   *
   * @returns the number of expired agents.
   */
  expireDue(): Promise<number> {
    return this.#session.write('agents.expireDue', async (executor) => {
      const now = this.#settings.now();
      for (let count = 0; ;) {
        const expired = await executor.withTransaction((tx) => expireDueAgents(tx, now, sweepSize));
        count += expired;
        if (expired < sweepSize) return count;
      }
    });
  }

  /**
   * Deletes an agent with its endpoints, capability links and metadata, and the capabilities that no other agent uses.
   *
   * @returns false when it does not exist.
   * @throws INVALID_INPUT when `id` is not a string, or is empty.
   */
  delete(id: string): Promise<boolean> {
    return this.#session.write('agents.delete', async (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const now = this.#settings.now();
      return executor.withTransaction((tx) => deleteAgent(tx, key, now));
    });
  }

  #change(
    operation: Operation,
    command: typeof updateAgent,
    update: AgentUpdate,
    readRules: () => ChangeRules,
  ): Promise<boolean> {
    return this.#session.write(operation, async (executor) => {
      const change = parseAgentUpdate(update, this.#settings.now(), this.#settings.checks);
      const rules = readRules();
      return executor.withTransaction((tx) => command(tx, change, rules));
    });
  }

  #defaults(rules: RegistrationRules): AgentDefaults {
    const { now, defaultAgentLifetimeMs, checks } = this.#settings;
    return { nowMs: now(), lifetimeMs: defaultAgentLifetimeMs, ...rules, checks };
  }
}

// A field of a change that is left out keeps what there is; an argument that is left out is a mistake.
function given<T>(value: T): T {
  // The check of the field rejects null.
  return value === undefined ? (null as T) : value;
}

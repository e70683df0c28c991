import type { Operation } from '../errors/operation';
import { toMetadataRows } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { ServiceSettings } from '../options/service-settings';
import type { Session } from '../storage/session';
import { AgentBatchService } from './agent-batch-service';
import type { AgentWriter } from './agent-writer';
import {
  assertNameFree,
  deleteAgent,
  deprecateAgent,
  insertAgent,
  mergeMetadata,
  renewAgent,
  setEndpointHealth,
  setStatus,
  transferAgent,
  updateAgent,
} from './commands';
import { parseDeprecation } from './deprecation';
import { parseHealth } from './endpoint-validation';
import {
  parseChangeOptions,
  parseCreateOptions,
  parseTransferOptions,
  parseUpdateOptions,
  type ChangeRules,
} from './options';
import type {
  AgentInput,
  AgentStatus,
  AgentUpdate,
  ChangeOptions,
  CreateOptions,
  EndpointHealthInput,
  UpdateOptions,
} from './types';
import type { TransferOptions } from './transfer-types';
import { agentDefaults, parseAgentUpdate, parseNewAgent } from './validation';
import type { DeprecateOptions } from './version-types';

/**
 * Registers, finds and changes agents. {@link AgentReader}, {@link AgentWriter} and {@link AgentBatchWriter} document
 * the methods. Every error is a `DatabaseError`.
 */
export class AgentService extends AgentBatchService implements AgentWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Called only by this package. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    super(session, settings);
    this.#session = session;
    this.#settings = settings;
  }

  create(agent: AgentInput, options?: CreateOptions): Promise<string> {
    return this.#session.write('agents.create', (executor) => {
      const rules = parseCreateOptions(options);
      const defaults = agentDefaults(this.#settings, rules);
      const row = parseNewAgent(agent, defaults);
      return executor.withTransaction(async (tx) => {
        await assertNameFree(tx, row, rules);
        return insertAgent(tx, row, rules, defaults.nowMs);
      });
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

  deprecate(id: string, options: DeprecateOptions = {}): Promise<boolean> {
    return this.#session.write('agents.deprecate', (executor) => {
      const { change, rules } = parseDeprecation(id, options, this.#settings.now(), this.#settings.checks);
      return executor.withTransaction((tx) => deprecateAgent(tx, change, rules));
    });
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
      return executor.withTransaction((tx) => setEndpointHealth(tx, columns, nowMs, checks.scopeOwner));
    });
  }

  renew(id: string, expiresAt: Date, options?: ChangeOptions): Promise<boolean> {
    return this.#change('agents.renew', renewAgent, { id, expiresAt: required(expiresAt) }, () =>
      parseChangeOptions(options),
    );
  }

  transfer(id: string, options: TransferOptions): Promise<boolean> {
    return this.#session.write('agents.transfer', (executor) => {
      const { checks, now } = this.#settings;
      const { to, ifOwner } = parseTransferOptions(options, checks);
      const change = parseAgentUpdate({ id, owner: to }, now(), checks);
      return executor.withTransaction((tx) => transferAgent(tx, change, ifOwner));
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#session.write('agents.delete', (executor) => {
      const { checks, now } = this.#settings;
      const key = checks.id(id, 'id');
      const nowMs = now();
      return executor.withTransaction((tx) => deleteAgent(tx, key, nowMs, checks.scopeOwner));
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
}

// Replaces `undefined` by null, which the validation rejects. The validation accepts `undefined`, because it means an
// omitted field, but a required argument must not be omitted.
function required<T>(value: T): T {
  // The cast is safe: `undefined` comes only from a caller that ignores the type of the parameter.
  return value === undefined ? (null as T) : value;
}

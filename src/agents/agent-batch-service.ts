import type { CreateResult } from '../options/batch-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Session } from '../storage/session';
import type { AgentBatchWriter } from './agent-batch-writer';
import { AgentReadService } from './agent-read-service';
import type { AgentSelectionWriter } from './agent-selection-writer';
import { deleteWhere, parsePatch, updateWhere, type Selection } from './change-where';
import { createAgents } from './create-many';
import { deleteAgents } from './delete-many';
import { parseHealthReport } from './endpoint-validation';
import { expireAllDueAgents } from './expire-due';
import { parseCreateManyOptions, parseUpdateManyOptions, parseUpsertManyOptions } from './options';
import type { ResolutionQuery } from './query/types';
import { parseSelection } from './query/validation';
import { recordHealth } from './record-health';
import type { AgentInput, AgentUpdate, CreateManyOptions, EndpointHealthReport } from './types';
import type { UpdateManyOptions, UpdateResult, UpsertManyOptions, UpsertResult } from './batch-types';
import { updateAgents } from './update-many';
import { upsertAgents } from './upsert-many';
import { agentDefaults } from './validation';
import { parseDeleteWhereOptions, parseUpdateWhereOptions } from './where-options';
import type { AgentPatch, DeleteWhereOptions, UpdateWhereOptions } from './where-types';

/** Methods of {@link AgentService} that change many agents. {@link AgentBatchWriter} documents the methods. */
export abstract class AgentBatchService extends AgentReadService implements AgentBatchWriter, AgentSelectionWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Called only by this package. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    super(session, settings);
    this.#session = session;
    this.#settings = settings;
  }

  createMany(agents: readonly AgentInput[], options?: CreateManyOptions): Promise<CreateResult[]> {
    return this.#session.write('agents.createMany', (executor) => {
      const rules = parseCreateManyOptions(options);
      const inputs = this.#settings.checks.batch(agents, 'agents', (agent) => agent);
      return createAgents(executor, inputs, agentDefaults(this.#settings, rules), rules);
    });
  }

  updateMany(updates: readonly AgentUpdate[], options?: UpdateManyOptions): Promise<UpdateResult[]> {
    return this.#session.write('agents.updateMany', (executor) => {
      const { checks, now } = this.#settings;
      const rules = parseUpdateManyOptions(options);
      const inputs = checks.batch(updates, 'updates', (update) => update);
      return updateAgents(executor, inputs, { nowMs: now(), checks }, rules);
    });
  }

  deleteMany(ids: readonly string[]): Promise<boolean[]> {
    return this.#session.write('agents.deleteMany', (executor) => {
      const { checks, now } = this.#settings;
      const keys = checks.batch(ids, 'ids', checks.id);
      const nowMs = now();
      return executor.withTransaction((tx) => deleteAgents(tx, keys, nowMs, checks.scopeOwner));
    });
  }

  upsertMany(agents: readonly AgentInput[], options: UpsertManyOptions): Promise<UpsertResult[]> {
    return this.#session.write('agents.upsertMany', (executor) => {
      const rules = parseUpsertManyOptions(options);
      const inputs = this.#settings.checks.batch(agents, 'agents', (agent) => agent);
      const defaults = agentDefaults(this.#settings, { uniqueness: 'none', allowsRevoked: rules.allowsRevoked });
      return upsertAgents(executor, inputs, defaults, rules);
    });
  }

  updateWhere(query: ResolutionQuery, patch: AgentPatch, options?: UpdateWhereOptions): Promise<number> {
    return this.#session.write('agents.updateWhere', (executor) => {
      const selection = this.#selection(query);
      const changeOf = parsePatch(patch, selection.nowMs, this.#settings.checks);
      const rules = parseUpdateWhereOptions(options);
      return executor.withTransaction((tx) => updateWhere(tx, selection, changeOf, rules));
    });
  }

  deleteWhere(query: ResolutionQuery, options?: DeleteWhereOptions): Promise<number> {
    return this.#session.write('agents.deleteWhere', (executor) => {
      const selection = this.#selection(query);
      const rules = parseDeleteWhereOptions(options);
      return executor.withTransaction((tx) => deleteWhere(tx, selection, rules));
    });
  }

  recordHealth(reports: readonly EndpointHealthReport[]): Promise<boolean[]> {
    return this.#session.write('agents.recordHealth', (executor) => {
      const { checks, now } = this.#settings;
      const nowMs = now();
      const rows = checks.batch(reports, 'reports', (report, path) => parseHealthReport(report, path, nowMs, checks));
      if (rows.length === 0) return Promise.resolve([]);
      return executor.withTransaction((tx) => recordHealth(tx, rows, nowMs, checks.scopeOwner));
    });
  }

  expireDue(): Promise<number> {
    return this.#session.write('agents.expireDue', (executor) => {
      const { checks, now } = this.#settings;
      return expireAllDueAgents(executor, now(), checks.scopeOwner);
    });
  }

  #selection(query: ResolutionQuery): Selection {
    const { checks, now } = this.#settings;
    return { filter: parseSelection(query, checks), nowMs: now(), scopeOwner: checks.scopeOwner };
  }
}

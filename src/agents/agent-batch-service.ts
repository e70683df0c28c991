import type { ServiceSettings } from '../options/service-settings';
import type { Session } from '../storage/session';
import type { AgentBatchWriter } from './agent-batch-writer';
import { AgentReadService } from './agent-read-service';
import { expireDueAgents } from './commands';
import { createAgents } from './create-many';
import { parseHealthReport } from './endpoint-validation';
import { parseCreateManyOptions } from './options';
import { recordHealth } from './record-health';
import type { AgentInput, CreateManyOptions, CreateResult, EndpointHealthReport } from './types';
import { agentDefaults } from './validation';

/** Maximum number of agents that `expireDue` changes in one transaction. */
const batchSize = 250;

/** Methods of {@link AgentService} that change many agents. {@link AgentBatchWriter} documents them. */
export abstract class AgentBatchService extends AgentReadService implements AgentBatchWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
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

  recordHealth(reports: readonly EndpointHealthReport[]): Promise<boolean[]> {
    return this.#session.write('agents.recordHealth', (executor) => {
      const { checks, now } = this.#settings;
      const nowMs = now();
      const rows = checks.batch(reports, 'reports', (report, path) => parseHealthReport(report, path, nowMs, checks));
      if (rows.length === 0) return Promise.resolve([]);
      return executor.withTransaction((tx) => recordHealth(tx, rows, nowMs));
    });
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
}

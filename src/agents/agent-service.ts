import { perEngine } from '../sql/per-engine';
import type { Session } from '../client/session';
import { Failure } from '../errors/failure';
import { checkNonEmptyText } from '../input/check';
import { checkResultSize, rowLimit } from '../input/check-window';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import { toAgentRecord } from './agent-mapping';
import type { AgentChange } from './agent-row';
import { AgentStatements } from './agent-statements';
import { buildAgentQuery } from './build-agent-query';
import { parseAgentUpdate, parseNewAgent, unknownDefaultEndpoint } from './parse-agent';
import { parseResolutionQuery } from './parse-resolution-query';
import type { AgentInput, AgentRecord, AgentUpdate, ResolutionQuery } from './types';
import { inOrder, type Row } from '../sql/statement';

const statementsOf = perEngine((dialect) => new AgentStatements(dialect));

/** Registers agents and finds them. Every failure is a `DatabaseError`. */
export class AgentService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Registers an agent with all that belongs to it, or nothing of it.
   *
   * @returns its id, a UUIDv7 where none was given.
   * @throws ALREADY_EXISTS when the id is taken, REFERENCE_NOT_FOUND when the certificate is unknown, INVALID_INPUT.
   */
  create(agent: AgentInput): Promise<string> {
    return this.#session.write('agents.create', async (executor) => {
      const { now, defaultAgentLifetimeMs } = this.#settings;
      const row = parseNewAgent(agent, { nowMs: now(), lifetimeMs: defaultAgentLifetimeMs });
      const statements = statementsOf(executor.dialect);
      return executor.atomic(function* () {
        yield* inOrder(statements.insert(row));
        return row.columns.id;
      });
    });
  }

  /**
   * @returns the agent with all that belongs to it, as one snapshot; null when absent.
   * @throws INVALID_INPUT when `id` is no text, or empty.
   */
  get(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.#session.read('agents.get', options, async (executor) => {
      const statement = statementsOf(executor.dialect).select({ id: checkNonEmptyText(id, 'id') });
      const [row] = await executor.query(statement);
      return row === undefined ? null : toAgentRecord(row);
    });
  }

  /**
   * Changes an agent, all of the change or nothing of it: `undefined` keeps, `null` clears an optional field, and
   * `endpoints`, `capabilities` and `metadata` replace the whole collection. Sets `updatedAt` to now. A default endpoint
   * that is not among new endpoints is cleared.
   *
   * @returns false when absent.
   * @throws INVALID_TRANSITION out of REVOKED, REFERENCE_NOT_FOUND when the certificate is unknown, INVALID_INPUT, also
   * when the default endpoint is none of the agent's.
   */
  update(agent: AgentUpdate): Promise<boolean> {
    return this.#session.write('agents.update', async (executor) => {
      const change = parseAgentUpdate(agent, this.#settings.now());
      const statements = statementsOf(executor.dialect);
      const endpointId = change.columns.defaultEndpointId ?? null;
      return executor.atomic(function* () {
        yield* inOrder(statements.lock(change.id));
        const { rows } = yield statements.selectForChange({ id: change.id, endpointId });
        if (rows[0] === undefined) return false;
        checkChange(change, rows[0]);
        yield* inOrder(statements.update(change));
        return true;
      });
    });
  }

  /**
   * Deletes an agent with its endpoints, capability links and metadata, and the capabilities that nobody uses any more.
   *
   * @returns false when absent.
   * @throws INVALID_INPUT when `id` is no text, or empty.
   */
  delete(id: string): Promise<boolean> {
    return this.#session.write('agents.delete', async (executor) => {
      const statements = statementsOf(executor.dialect).delete(checkNonEmptyText(id, 'id'));
      return executor.atomic(function* () {
        const results = yield* inOrder(statements);
        return results.at(-1)?.changes === 1;
      });
    });
  }

  /**
   * Resolves a query: see {@link ResolutionQuery} for what each field matches.
   *
   * @returns the agents that match, whole, as one snapshot, in the order asked for; an empty array when none does.
   * @throws RESULT_TOO_LARGE when `limit` is not given and more than `maxResults` match, INVALID_INPUT.
   */
  query(query: ResolutionQuery = {}, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.#session.read('agents.query', options, async (executor) => {
      const { filter, order, window } = parseResolutionQuery(query);
      if (filter === null || window.limit === 0) return [];
      const { now, maxResults } = this.#settings;
      const limit = rowLimit(window, maxResults);
      const selection = { filter, order, limit, offset: window.offset, nowMs: now() };
      const rows = await executor.query(buildAgentQuery(executor.dialect, selection));
      checkResultSize(window, rows, maxResults);
      return rows.map(toAgentRecord);
    });
  }
}

// `before` is what `selectForChange` found.
function checkChange(change: AgentChange, before: Row): void {
  const [status, hasEndpoint] = before;
  const { status: newStatus, defaultEndpointId } = change.columns;
  if (status === 'REVOKED' && newStatus !== undefined && newStatus !== 'REVOKED') {
    throw new Failure('INVALID_TRANSITION', 'a revoked agent stays revoked', { entity: 'agent', field: 'status' });
  }
  const isKnownEndpoint = Boolean(hasEndpoint) || change.collections.endpoints !== undefined;
  if (typeof defaultEndpointId === 'string' && !isKnownEndpoint) throw unknownDefaultEndpoint();
}

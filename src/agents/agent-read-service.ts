import type { Executor } from '../storage/executor';
import { mapYielding } from '../runtime/event-loop';
import type { Session } from '../storage/session';
import {
  checkPage,
  readAhead,
  recordsOf,
  refuseLimitOffset,
  toPage,
  type Page,
  type PageOptions,
  type PageRequest,
} from '../query/page';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import type { ReadOptions } from '../options/read-options';
import { answerBounds } from '../validation/limits';
import type { ServiceSettings } from '../options/service-settings';
import { withCost, costOfRecords, withBounds, type Row, type Statement } from '../sql/statement';
import { AgentCursors } from './query/cursor';
import { toAgentRecord } from './rows';
import { agentStatements } from './statements';
import { buildAgentCount, buildAgentQuery } from './query/builder';
import type { AgentOrder } from './query/order';
import { byId, parseResolutionQuery } from './query/validation';
import type { AgentRecord } from './types';
import type { ResolutionQuery } from './query/types';

/** Finds agents. */
export abstract class AgentReadService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Returns an agent with its endpoints, capabilities and metadata, as one snapshot; null when it does not exist. With the
   * option `cache`, the record is frozen and shared between callers.
   *
   * @throws INVALID_INPUT when `id` is not a string, or is empty.
   * @example
   * ```ts
   * const agent = await db.agents.get(id);
   * if (agent === null) console.log('no such agent');
   * ```
   */
  get(id: string, options?: ReadOptions): Promise<AgentRecord | null> {
    return this.#session.readRecord('agents.get', options, () => {
      const key = this.#settings.checks.id(id, 'id');
      const read = async (executor: Executor): Promise<AgentRecord | null> => {
        const [row] = await executor.query(agentStatements(executor.dialect).select({ id: key }));
        return row === undefined ? null : toAgentRecord(row);
      };
      return { by: 'agent', key, read };
    });
  }

  /**
   * Returns agents by their ids, as one snapshot, in the order of `ids`; null for each agent that does not exist.
   *
   * @throws INVALID_INPUT when `ids` is not an array of strings.
   * @example
   * ```ts
   * const [first, second] = await db.agents.getMany([firstId, secondId]);
   * ```
   */
  getMany(ids: readonly string[], options?: ReadOptions): Promise<(AgentRecord | null)[]> {
    return this.#session.read('agents.getMany', options, async (executor) => {
      const wanted = this.#settings.checks.list(ids, 'ids', this.#settings.checks.id);
      const { selectMany } = agentStatements(executor.dialect);
      const statement = withCost(
        costOfRecords(wanted.length),
        selectMany({ ids: JSON.stringify([...new Set(wanted)]) }),
      );
      const found = new Map((await this.#queryMany(executor, statement)).map((row) => [row[0], row]));
      return mapYielding(wanted, (id) => {
        const row = found.get(id);
        return row === undefined ? null : toAgentRecord(row);
      });
    });
  }

  /**
   * Finds agents: see {@link ResolutionQuery} for what each field matches.
   *
   * @returns the matching agents as one snapshot, in the requested order; an empty array when there are none.
   * @throws RESULT_TOO_LARGE when `limit` is not given and more than `maxResults` match; INVALID_INPUT.
   * @example
   * ```ts
   * const agents = await db.agents.query({ capabilities: ['translate'], status: ['ACTIVE'], limit: 20 });
   * ```
   */
  query(query: ResolutionQuery = {}, options?: ReadOptions): Promise<AgentRecord[]> {
    return this.#session.read('agents.query', options, async (executor) => {
      const { filter, order, limitOffset } = parseResolutionQuery(query, this.#settings.checks);
      if (filter === null || limitOffset.limit === 0) return [];
      const { now, maxResults } = this.#settings;
      const limit = rowLimit(limitOffset, maxResults);
      const selection = { filter, order, limit, offset: limitOffset.offset ?? 0, nowMs: now() };
      const rows = await this.#queryMany(executor, buildAgentQuery(executor.dialect, selection));
      checkResultSize(limitOffset, rows, maxResults);
      return mapYielding(rows, toAgentRecord);
    });
  }

  /**
   * Finds agents page by page. A page begins after the last record of the previous page, wherever that record is
   * now. When records are inserted, deleted or changed meanwhile, every other record still comes exactly once.
   *
   * @param query - see {@link ResolutionQuery}; without `limit` and `offset`.
   * @returns a page as one snapshot, in the requested order.
   * @throws INVALID_INPUT, also for a cursor of another query.
   * @example
   * ```ts
   * const first = await db.agents.page({ owner }, { size: 50 });
   * const second = await db.agents.page({ owner }, { size: 50, after: first.nextCursor });
   * ```
   */
  page(query: ResolutionQuery = {}, page?: PageOptions, options?: ReadOptions): Promise<Page<AgentRecord>> {
    return this.#session.read('agents.page', options, (executor) =>
      this.#selectPage(executor, query, checkPage(page, this.#settings.checks)),
    );
  }

  /**
   * Finds agents one by one, in constant memory. Reads in pages; each page is a snapshot of its own. The
   * caller may stop at any time. Without `orderBy` the agents come by id: an agent that changes during the iteration is
   * returned exactly once. In the order of a field that changes, such an agent may be missed or returned twice.
   *
   * @throws INVALID_INPUT, and every error of reading a page.
   * @example
   * ```ts
   * for await (const agent of db.agents.iterate({ owner })) console.log(agent.name);
   * ```
   */
  iterate(query: ResolutionQuery = {}, options?: ReadOptions): AsyncGenerator<AgentRecord, void, void> {
    return recordsOf((after) =>
      this.#session.read('agents.iterate', options, (executor) =>
        readAhead(after, this.#settings.checks, (request) => this.#selectPage(executor, query, request, byId)),
      ),
    );
  }

  /**
   * Counts the agents that match. Ignores `limit` and `offset`.
   *
   * @throws INVALID_INPUT
   * @example
   * ```ts
   * const active = await db.agents.count({ owner, status: ['ACTIVE'] });
   * ```
   */
  count(query: ResolutionQuery = {}, options?: ReadOptions): Promise<number> {
    return this.#session.read('agents.count', options, async (executor) => {
      const { filter } = parseResolutionQuery(query, this.#settings.checks);
      if (filter === null) return 0;
      const [row] = await executor.query(buildAgentCount(executor.dialect, filter, this.#settings.now()));
      return Number(row?.[0]);
    });
  }

  #queryMany(executor: Executor, statement: Statement): Promise<readonly Row[]> {
    return executor.query(withBounds(answerBounds(this.#settings.checks.limits), statement));
  }

  async #selectPage(
    executor: Executor,
    query: ResolutionQuery,
    { after, size, bounds }: PageRequest,
    defaultOrder?: AgentOrder,
  ): Promise<Page<AgentRecord>> {
    const { filter, order, limitOffset } = parseResolutionQuery(query, this.#settings.checks, defaultOrder);
    refuseLimitOffset(limitOffset);
    const cursors = new AgentCursors(filter, order);
    const position = after === undefined ? undefined : cursors.decode(after);
    if (filter === null) return { items: [] };
    const selection = { filter, order, after: position, limit: size + 1, offset: 0, nowMs: this.#settings.now() };
    const rows = await executor.query(withBounds(bounds, buildAgentQuery(executor.dialect, selection)));
    return toPage(await mapYielding(rows, toAgentRecord), size, (agent) => cursors.encode(agent));
  }
}

import { checkPage, readAhead, recordsOf, type Page, type PageOptions } from '../query/page';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import { pruneAllEvents } from './chain/prune';
import { trySequencePending } from './chain/sequence';
import { verifyChain } from './chain/verify';
import { mitigateEvent, recordEvents } from './commands';
import type { EventReader } from './event-reader';
import type { EventWriter } from './event-writer';
import { parseGrouping, parseMitigation, parseNewEvents, parsePruneOptions, parseVerifyOptions } from './options';
import { aggregateEvents, countEvents, getEvent, queryEventPage, queryEvents } from './queries';
import type { SecurityEventQuery } from './query/types';
import { parseEventQuery } from './query/validation';
import type {
  EventChainVerification,
  EventCount,
  EventGrouping,
  MitigationInput,
  PruneEventsOptions,
  SecurityEvent,
  SecurityEventInput,
  VerifyEventsOptions,
} from './types';
import { parseNewEvent } from './validation';

/**
 * Records, finds and verifies security events. {@link EventReader} and {@link EventWriter} document the methods. Every
 * error is a `DatabaseError`.
 */
export class EventService implements EventReader, EventWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Creates the service for security events. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  get(id: string, options?: ReadOptions): Promise<SecurityEvent | null> {
    return this.#session.read('events.get', options, (executor) =>
      getEvent(executor, this.#settings.checks.id(id, 'id')),
    );
  }

  query(query: SecurityEventQuery = {}, options?: ReadOptions): Promise<SecurityEvent[]> {
    return this.#session.read('events.query', options, (executor) =>
      queryEvents(executor, parseEventQuery(query, this.#settings.checks), this.#settings),
    );
  }

  page(query: SecurityEventQuery = {}, page?: PageOptions, options?: ReadOptions): Promise<Page<SecurityEvent>> {
    return this.#session.read('events.page', options, (executor) => {
      const { checks } = this.#settings;
      const request = checkPage(page, checks);
      return queryEventPage(executor, parseEventQuery(query, checks), request);
    });
  }

  iterate(query: SecurityEventQuery = {}, options?: ReadOptions): AsyncGenerator<SecurityEvent, void, void> {
    const { checks } = this.#settings;
    return recordsOf((after) =>
      this.#session.read('events.iterate', options, (executor) =>
        readAhead(after, checks, (request) => queryEventPage(executor, parseEventQuery(query, checks), request)),
      ),
    );
  }

  count(query: SecurityEventQuery = {}, options?: ReadOptions): Promise<number> {
    return this.#session.read('events.count', options, (executor) => {
      const { filter } = parseEventQuery(query, this.#settings.checks);
      return countEvents(executor, filter);
    });
  }

  aggregate(
    filter: SecurityEventQuery,
    options: { readonly by: EventGrouping },
    readOptions?: ReadOptions,
  ): Promise<EventCount[]> {
    return this.#session.read('events.aggregate', readOptions, (executor) => {
      const { filter: parsed } = parseEventQuery(filter, this.#settings.checks);
      return aggregateEvents(executor, parsed, parseGrouping(options), this.#settings);
    });
  }

  verify(options?: VerifyEventsOptions): Promise<EventChainVerification> {
    return this.#session.read('events.verify', { consistency: 'primary' }, async (executor) => {
      const expected = parseVerifyOptions(options);
      await this.#sequence(executor);
      return verifyChain(executor.dialect, (statement) => executor.query(statement), expected);
    });
  }

  record(event: SecurityEventInput): Promise<string> {
    return this.#session.write('events.record', async (executor) => {
      const nowMs = this.#settings.now();
      const row = parseNewEvent(event, nowMs, this.#settings.checks);
      await executor.withTransaction((tx) => recordEvents(tx, [row], nowMs));
      return row.columns.id;
    });
  }

  recordMany(events: readonly SecurityEventInput[]): Promise<string[]> {
    return this.#session.write('events.recordMany', async (executor) => {
      const nowMs = this.#settings.now();
      const rows = parseNewEvents(events, nowMs, this.#settings.checks);
      if (rows.length > 0) await executor.withTransaction((tx) => recordEvents(tx, rows, nowMs));
      return rows.map(({ columns }) => columns.id);
    });
  }

  markMitigated(id: string, mitigation: MitigationInput): Promise<boolean> {
    return this.#session.write('events.markMitigated', (executor) => {
      const parsed = parseMitigation(id, mitigation, this.#settings.checks);
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => mitigateEvent(tx, parsed, nowMs));
    });
  }

  prune(options: PruneEventsOptions): Promise<number> {
    return this.#session.write('events.prune', async (executor) => {
      const batch = parsePruneOptions(options);
      await this.#sequence(executor);
      return pruneAllEvents(executor, batch, this.#settings.now);
    });
  }

  // Does not append pending entries inside a transaction, because the event chain would stay locked until the
  // transaction ends.
  async #sequence(executor: Executor): Promise<void> {
    if (!this.#session.isTransaction) await trySequencePending(executor);
  }
}

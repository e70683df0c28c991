import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import type { ServiceSettings } from '../options/service-settings';
import { EventReadService } from './event-read-service';
import { parseNewEvent, type NewEventRow } from './validation';
import { parseMitigation, parseNewEvents, parsePruneOptions } from './options';
import { pruneEvents } from './chain/prune';
import { isWithoutHead } from './chain/statements';
import { canRecordWithoutReading, mitigateEvent, recordEvents, recordWithoutReading } from './commands';
import type { MitigationInput, PruneEventsOptions, SecurityEventInput } from './types';

/**
 * Records security events, which are never changed, and finds them. What is recorded becomes part of a chain of hashes
 * that tells of every later change: see {@link EventReadService.verify}. Every failure is a `DatabaseError`.
 */
export class EventService extends EventReadService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    super(session, settings);
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Records an event with its metadata, or nothing of it.
   *
   * @returns its id, a UUIDv7 where none was given.
   * @throws ALREADY_EXISTS when the id is taken: what was recorded is not changed; INVALID_INPUT.
   */
  record(event: SecurityEventInput): Promise<string> {
    return this.#session.write('events.record', async (executor) => {
      const now = this.#settings.now();
      const row = parseNewEvent(event, now, this.#settings.checks);
      const isRecorded = await this.#recordOne(executor, row, now);
      if (!isRecorded) await executor.withTransaction((tx) => recordEvents(tx, [row], now));
      return row.columns.id;
    });
  }

  /**
   * Records events with their metadata, all of them or none, in their order. Far quicker than one by one; but nobody else
   * records meanwhile, so that of very many some thousands at a time are better.
   *
   * @returns their ids in their order, a UUIDv7 for each that was given none.
   * @throws ALREADY_EXISTS when an id is taken, or given twice; INVALID_INPUT.
   */
  recordMany(events: readonly SecurityEventInput[]): Promise<string[]> {
    return this.#session.write('events.recordMany', async (executor) => {
      const now = this.#settings.now();
      const rows = parseNewEvents(events, now, this.#settings.checks);
      if (rows.length > 0) await executor.withTransaction((tx) => recordEvents(tx, rows, now));
      return rows.map(({ columns }) => columns.id);
    });
  }

  /**
   * Says what was done about an event. The event itself is not changed: the mitigation is recorded beside it, and what is
   * read shows the last one.
   *
   * @returns false when absent.
   * @throws INVALID_INPUT
   */
  markMitigated(id: string, mitigation: MitigationInput): Promise<boolean> {
    return this.#session.write('events.markMitigated', async (executor) => {
      const parsed = parseMitigation(id, mitigation, this.#settings.checks);
      const now = this.#settings.now();
      return executor.withTransaction((tx) => mitigateEvent(tx, parsed, now));
    });
  }

  /**
   * Deletes the events from before a time, in batches, each of which happens as a whole. The chain keeps their hashes, and
   * tells that they were pruned; where it would begin with nothing else, a checkpoint takes the place of its beginning.
   *
   * @returns how many events.
   * @throws INVALID_INPUT
   */
  prune(options: PruneEventsOptions): Promise<number> {
    return this.#session.write('events.prune', async (executor) => {
      const batch = parsePruneOptions(options);
      for (let count = 0; ;) {
        const now = this.#settings.now();
        const { events, hasMore } = await executor.withTransaction((tx) => pruneEvents(tx, batch, now));
        count += events;
        if (!hasMore) return count;
      }
    });
  }

  // Returns false when the head of the chain has to be read first.
  async #recordOne(executor: Executor, row: NewEventRow, now: number): Promise<boolean> {
    if (!canRecordWithoutReading(executor.dialect)) return false;
    try {
      await executor.withTransaction((tx) => {
        recordWithoutReading(tx, row, now);
      });
      return true;
    } catch (error) {
      if (isWithoutHead(error)) return false;
      throw error;
    }
  }
}

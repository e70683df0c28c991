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
 * Records and finds security events. Recorded events are never changed: each one becomes an entry of a hash chain that
 * reveals later changes (see {@link EventReadService.verify}). Every failure is a `DatabaseError`.
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
   * Records an event with its metadata, atomically.
   *
   * @returns its id: a UUIDv7 when none was given.
   * @throws ALREADY_EXISTS when the id is taken; INVALID_INPUT.
   * @example
   * ```ts
   * await db.events.record({
   *   eventType: 'UNAUTHORIZED_ACCESS',
   *   severity: 'HIGH',
   *   source: '203.0.113.7',
   *   target: agentId,
   *   description: 'five wrong keys within a minute',
   * });
   * ```
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
   * Records events with their metadata, in order and atomically. Much faster than one call for each event. Other calls that
   * record wait meanwhile, so split very many events into calls of a few thousand.
   *
   * @returns the ids in input order: a UUIDv7 for each event that was given none.
   * @throws ALREADY_EXISTS when an id is taken or is given twice; INVALID_INPUT.
   * @example
   * ```ts
   * const ids = await db.events.recordMany([event, anotherEvent]);
   * ```
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
   * Records a mitigation of an event. The event itself is not changed; reads show the last mitigation. Without `details`,
   * earlier details are cleared.
   *
   * @returns false when the event does not exist.
   * @throws INVALID_INPUT
   * @example
   * ```ts
   * await db.events.markMitigated(id, { applied: true, details: 'the key was revoked' });
   * ```
   */
  markMitigated(id: string, mitigation: MitigationInput): Promise<boolean> {
    return this.#session.write('events.markMitigated', async (executor) => {
      const parsed = parseMitigation(id, mitigation, this.#settings.checks);
      const now = this.#settings.now();
      return executor.withTransaction((tx) => mitigateEvent(tx, parsed, now));
    });
  }

  /**
   * Deletes the events from before a time, in batches; each batch is atomic. The chain keeps the hashes of pruned events and
   * records that they were pruned. A checkpoint replaces the beginning of the chain when all of its entries are pruned.
   *
   * @returns the number of deleted events.
   * @throws INVALID_INPUT
   * @example
   * ```ts
   * const yearMs = 365 * 24 * 60 * 60 * 1000;
   * const count = await db.events.prune({ before: new Date(Date.now() - yearMs) });
   * ```
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

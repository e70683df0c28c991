import type { MitigationInput, PruneEventsOptions, SecurityEventInput } from './types';

/**
 * Methods of `db.events` that record and prune. A recorded event is never changed. It gets an entry in a hash chain,
 * which reveals later changes.
 */
export interface EventWriter {
  /**
   * Records an event with its metadata and its entry of the event chain, atomically. Reads see the event at once. On
   * PostgreSQL, the entry is appended to the chain about 100 ms later. The verification does not detect a deletion of
   * the event before then.
   *
   * @returns the id of the event, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id is taken; INVALID_INPUT when the event is invalid.
   * @example
   * ```ts
   * const source = '203.0.113.7';
   * const description = 'five wrong keys within a minute';
   * await db.events.record({ eventType: 'UNAUTHORIZED_ACCESS', severity: 'HIGH', source, target: agentId, description });
   * ```
   */
  record(event: SecurityEventInput): Promise<string>;

  /**
   * Records events with their metadata, in order and atomically. This is much faster than one call for each event. On
   * SQLite, other writes wait meanwhile, so split very many events into calls of a few thousand.
   *
   * @returns the ids in input order, a UUIDv7 for each event without an id; an empty array for no events.
   * @throws ALREADY_EXISTS when an id is taken or is given twice; INVALID_INPUT when an event is invalid, or when there
   * are more than `limits.batchSize` events.
   * @example
   * ```ts
   * const ids = await db.events.recordMany(events);
   * console.log(`${ids.length} events recorded`);
   * ```
   */
  recordMany(events: readonly SecurityEventInput[]): Promise<string[]>;

  /**
   * Records a mitigation of an event. Does not change the event itself: reads show the latest mitigation. Without
   * `details`, the details of an earlier mitigation are cleared.
   *
   * @returns false when the event does not exist.
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.events.markMitigated(id, { applied: true, details: 'the key was revoked' });
   * if (!exists) console.log('no such event');
   * ```
   */
  markMitigated(id: string, mitigation: MitigationInput): Promise<boolean>;

  /**
   * Deletes the events that are older than a time, in batches; each batch is atomic. The chain keeps the hashes of
   * pruned events and records that they were pruned. A checkpoint replaces the beginning of the chain when all of its
   * entries are pruned.
   *
   * Call it outside `db.transaction`. Inside, all batches are one transaction. On PostgreSQL, this transaction
   * conflicts with entries that other transactions append to the chain after it has begun.
   *
   * @returns the number of deleted events.
   * @throws INVALID_INPUT when an option is invalid.
   * @example
   * ```ts
   * const yearMs = 365 * 24 * 60 * 60 * 1000;
   * const count = await db.events.prune({ before: new Date(Date.now() - yearMs) });
   * ```
   */
  prune(options: PruneEventsOptions): Promise<number>;
}

import { columnNames } from '../../sql/columns';
import type { Dialect, RecordColumns } from '../../sql/dialect';
import { hasValue } from '../../sql/has-value';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { sql } from '../../sql/sql';
import { defineStatement, toStatement, type Statement } from '../../sql/statement';
import {
  insertEvent,
  insertEventMetadata,
  toEventParameters,
  toMetadataSet,
  type EventParameters,
} from '../statements';
import type { NewEventRow } from '../validation';
import {
  contentColumns,
  contentTable,
  contentValues,
  toContentParameters,
  toContentRecord,
  type ContentParameters,
} from './entry-columns';
import type { NewEntry } from './hashing';

const names = columnNames(contentTable);
const placeColumns: RecordColumns = { id: 'text', position: 'integer', hash: 'text' };

/**
 * Reports whether an engine first stores events with pending entries, which are not in the event chain yet. On an
 * engine with one writer at a time, each transaction appends to the chain itself.
 */
export function hasPendingEntries(dialect: Dialect): boolean {
  return dialect.tryAdvisoryLock !== undefined;
}

/** Statements about pending entries, which are not in the event chain yet, for one engine. */
class PendingStatements {
  /**
   * Selects the id of the first pending entry, and whether the connection is read-only; no row without pending entries.
   */
  readonly selectFirst: Statement;
  /** Takes the lock of the event chain if it is free. Returns whether the lock was free. */
  readonly tryLock: Statement;
  /**
   * Selects the first pending entries. For each pending mitigation, also selects whether its event exists or has an
   * entry in the event chain.
   */
  readonly selectBatch;
  /** Deletes pending entries by their ids. */
  readonly remove;
  readonly #record;
  readonly #mitigate;
  readonly #insert;
  readonly #append;

  constructor(dialect: Dialect) {
    // Ordering by id makes PostgreSQL read the index. A scan of the table would also read deleted rows that were not
    // vacuumed yet.
    this.selectFirst = toStatement(sql`SELECT q.id, current_setting('transaction_read_only') = 'on'
      FROM security_event_pending_entries q ORDER BY q.id LIMIT 1`);
    this.tryLock = toStatement(dialect.tryAdvisoryLock?.(sql`'events'`) ?? sql`SELECT TRUE`);
    const hasEvent = hasValue(sql`security_events`, sql`id`, sql`q.event_id`);
    const isRecorded = hasValue(sql`security_event_entries`, sql`event_id`, sql`q.event_id`, sql`k.kind = 'RECORDED'`);
    this.selectBatch = defineStatement<{ limit: number }>(
      (p) => sql`SELECT q.id, q.event_id, q.kind, q.digest, q.kind <> 'MITIGATED' OR ${hasEvent} OR ${isRecorded}
        FROM security_event_pending_entries q ORDER BY q.id LIMIT CAST(${p('limit')} AS BIGINT)`,
    );
    this.remove = defineStatement<{ ids: string }>(
      (p) => sql`DELETE FROM security_event_pending_entries
        WHERE ${dialect.inSubquery(
          sql`id`,
          sql`SELECT CAST(e.id AS BIGINT) FROM (
          ${dialect.jsonArrayElements(p('ids'))}) AS e(id)`,
        )}`,
    );
    this.#record = defineStatement<EventParameters & ContentParameters & { metadata: string }>(
      // The join makes PostgreSQL insert the event before its metadata. Otherwise a duplicate id could be reported as a
      // duplicate key of the metadata.
      (p) => sql`WITH event AS (${insertEvent(dialect, p)} RETURNING 1),
          metadata AS (${insertEventMetadata(dialect, p('metadata'), sql`event CROSS JOIN`)})
        INSERT INTO security_event_pending_entries (${names}) VALUES (${contentValues(dialect, p)})`,
    );
    this.#mitigate = defineStatement<ContentParameters>(
      (p) => sql`INSERT INTO security_event_pending_entries (${names})
        SELECT ${contentValues(dialect, p)} FROM security_events s WHERE s.id = ${p('eventId')}`,
    );
    this.#insert = defineStatement<{ entries: string }>(
      (p) => sql`INSERT INTO security_event_pending_entries (${names})
        SELECT ${names} FROM ${dialect.jsonRecordSet(p('entries'), 'n', contentColumns)} ORDER BY n.position`,
    );
    this.#append = defineStatement<{ after: number; places: string }>(
      (p) => sql`WITH place AS MATERIALIZED (
          SELECT CAST(n.id AS BIGINT) AS id, n.position, n.hash
          FROM ${dialect.jsonRecordSet(p('places'), 'n', placeColumns)}),
        removed AS (
          DELETE FROM security_event_pending_entries q
          WHERE ${dialect.inSubquery(sql`q.id`, sql`SELECT place.id FROM place`)} RETURNING q.*)
        INSERT INTO security_event_entries (sequence, ${names}, hash)
        SELECT CAST(${p('after')} AS BIGINT) + place.position, ${names}, place.hash
        FROM place JOIN removed ON removed.id = place.id ORDER BY place.position`,
    );
  }

  /** Returns the statement that inserts one event, its metadata and its pending chain entry. */
  record(event: NewEventRow, entry: NewEntry): Statement {
    const metadata = toMetadataSet([event]);
    return this.#record({ ...toEventParameters(event), ...toContentParameters(entry), metadata });
  }

  /** Returns the statement that inserts the pending chain entry of a mitigation if the event exists. */
  mitigate(entry: NewEntry): Statement {
    return this.#mitigate(toContentParameters(entry));
  }

  /** Returns the statement that inserts pending entries of the event chain, in order. */
  insert(entries: readonly NewEntry[]): Statement {
    return this.#insert({ entries: JSON.stringify(entries.map(toContentRecord)) });
  }

  /**
   * Returns the statement that moves pending entries to the event chain, after the sequence number `after`.
   *
   * @param places - for each entry: its id, its sequence number minus `after`, and its hash.
   */
  append(after: number, places: readonly (readonly [id: string, position: number, hash: string])[]): Statement {
    return this.#append({ after, places: JSON.stringify(places) });
  }
}

/** Returns the statements about pending chain entries for an engine. */
export const pendingStatements = memoizeByDialect((dialect) => new PendingStatements(dialect));

import type { Dialect } from '../../sql/dialect';
import { hasValue } from '../../sql/has-value';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { sql } from '../../sql/sql';
import { defineStatement, toStatement, type Statement } from '../../sql/statement';
import { hasPendingEntries } from './pending-statements';

/** Query of the last pruning entry of the event chain: its sequence number and its content. */
export const selectLastPruning = sql`SELECT e.sequence, e.mitigation_details FROM security_event_entries e
  WHERE e.event_id = '' AND e.kind = 'PRUNED' ORDER BY e.sequence DESC LIMIT 1`;

/** SQL statements that read the chain of security events in order to verify it, for one engine. */
export class VerificationStatements {
  /**
   * Selects the state of the event chain: the head, the last checkpoint, the last pruning, the first entry and the
   * number of pending entries.
   */
  readonly selectState: Statement;
  /** Selects chain entries together with their events, in order. */
  readonly selectBatch;
  /** Selects the sequence numbers, digests and hashes of chain entries, in order. */
  readonly selectPlaces;
  /**
   * Selects two ids from a page of events: the last id, and the id of the first event that has neither a chain entry
   * nor a pending entry.
   */
  readonly selectUnrecorded;
  /**
   * Selects the last pruning entry, the last checkpoint and the runs of entries that are marked as pruned, in one
   * snapshot.
   */
  readonly selectMarked: Statement;

  constructor(dialect: Dialect) {
    // Uses one statement, so that all values come from the same snapshot.
    this.selectState = toStatement(sql`SELECT h.sequence, h.hash, c.sequence, c.hash, c.count,
        ${dialect.toMs(sql`c.created_at`)}, p.sequence, (SELECT min(f.sequence) FROM security_event_entries f),
        (SELECT count(*) FROM security_event_pending_entries)
      FROM (SELECT 1) AS base
      LEFT JOIN (SELECT e.sequence, e.hash FROM security_event_entries e ORDER BY e.sequence DESC LIMIT 1) AS h ON TRUE
      LEFT JOIN (SELECT * FROM security_event_checkpoints k ORDER BY k.sequence DESC LIMIT 1) AS c ON TRUE
      LEFT JOIN (${selectLastPruning}) AS p ON TRUE`);
    // Uses one statement for entries and events. With two statements, an event that is pruned between them would seem
    // to be missing.
    const eventId = sql`CASE WHEN e.kind <> 'PRUNED' THEN e.event_id END`;
    const event = dialect.leftLateralLookup(sql`id`, 'security_events', 's', eventId);
    const metadata = dialect.lookup([sql`event_id`, sql`key`], 'security_event_metadata', 'm', sql`s.id`);
    this.selectBatch = defineStatement<{ after: number; last: number; limit: number }>(
      (p) => sql`SELECT e.sequence, e.event_id, e.kind, e.mitigation_applied, e.mitigation_details,
          ${dialect.toMs(sql`e.entered_at`)}, e.digest, e.hash, s.id, ${dialect.toMs(sql`s.timestamp`)}, s.event_type,
          s.severity, s.source, s.target, s.description, s.mitigation_applied, s.mitigation_details, (
            SELECT ${dialect.jsonArrayAggregate(dialect.jsonArray([sql`m.key`, sql`m.value`]), sql`m.key`)} FROM ${metadata})
        FROM security_event_entries e ${event}
        WHERE e.sequence > ${p('after')} AND e.sequence <= ${p('last')}
        ORDER BY e.sequence LIMIT CAST(${p('limit')} AS BIGINT)`,
    );
    this.selectPlaces = defineStatement<{ after: number; limit: number }>(
      (p) => sql`SELECT e.sequence, e.digest, e.hash FROM security_event_entries e WHERE e.sequence > ${p('after')}
        ORDER BY e.sequence LIMIT CAST(${p('limit')} AS BIGINT)`,
    );
    const ofRecording = sql`k.kind = 'RECORDED'`;
    const isRecorded = hasValue(sql`security_event_entries`, sql`event_id`, sql`page.id`, ofRecording);
    // Tests whether the event has a pending entry. The subquery runs once, and only if some event has no chain entry.
    const isPending = hasPendingEntries(dialect)
      ? sql`page.id IN (SELECT q.event_id FROM security_event_pending_entries q WHERE q.kind = 'RECORDED')`
      : sql`FALSE`;
    this.selectUnrecorded = defineStatement<{ after: string; limit: number }>(
      (p) => sql`SELECT max(page.id), min(CASE WHEN NOT (${isRecorded} OR ${isPending}) THEN page.id END)
        FROM (SELECT s.id FROM security_events s WHERE s.id > ${p('after')}
          ORDER BY s.id LIMIT CAST(${p('limit')} AS BIGINT)) AS page`,
    );
    // Uses one statement, so that all values come from the same snapshot. A run consists of marked entries without a
    // gap: their sequence number minus their rank is the same for all of them.
    const marked = sql`SELECT e.sequence, e.sequence - row_number() OVER (ORDER BY e.sequence) AS run
      FROM security_event_entries e WHERE e.kind = 'PRUNED'`;
    const runs = sql`SELECT min(m.sequence) AS first, max(m.sequence) AS last FROM (${marked}) AS m GROUP BY m.run`;
    this.selectMarked = toStatement(sql`SELECT
        (SELECT last.mitigation_details FROM (${selectLastPruning}) AS last), c.sequence, c.count, c.created_at, (
          SELECT ${dialect.jsonArrayAggregate(dialect.jsonArray([sql`r.first`, sql`r.last`]), sql`r.first`)}
          FROM (${runs}) AS r)
      FROM (SELECT 1) AS base LEFT JOIN (
        SELECT k.sequence, k.count, ${dialect.toMs(sql`k.created_at`)} AS created_at
        FROM security_event_checkpoints k ORDER BY k.sequence DESC LIMIT 1) AS c ON TRUE`);
  }
}

/** Returns the statements that verify the event chain, for an engine. */
export const verificationStatements = memoizeByDialect((dialect) => new VerificationStatements(dialect));

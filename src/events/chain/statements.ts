import { columnNames } from '../../sql/columns';
import type { Dialect, RecordColumns } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { sql } from '../../sql/sql';
import { defineStatement, toStatement, type Statement } from '../../sql/statement';
import {
  contentColumns,
  contentTable,
  contentValues,
  toContentParameters,
  toContentRecord,
  type ContentParameters,
} from './entry-columns';
import type { NewEntry } from './hashing';
import { selectLastPruning } from './verification-statements';

const entryColumns: RecordColumns = { ...contentColumns, hash: 'text' };
const backfillColumns: RecordColumns = { position: 'integer', digest: 'text', hash: 'text' };

const entryColumnNames = sql`sequence, ${columnNames(contentTable)}, hash`;

/** SQL statements that change the chain of security events, for one engine. */
class ChainStatements {
  /**
   * Locks the event chain, so that other transactions cannot change it until the end of this transaction. Undefined on
   * an engine with one writer at a time.
   */
  readonly lock: Statement | undefined;
  /** Selects the head of the event chain, which is the last entry. */
  readonly selectHead: Statement;
  /**
   * Selects and locks the last entry of the event chain in the snapshot of the transaction. Fails when this entry has
   * been pruned since the snapshot, so that the transaction cannot add an entry with the sequence number of a pruned one.
   */
  readonly lockHead: Statement;
  /** Selects one row when the event chain has a checkpoint. */
  readonly hasCheckpoint: Statement;
  /**
   * Selects one row when the event chain has entries but no checkpoint: a migration has not yet computed all hashes.
   */
  readonly lacksHashes: Statement;
  readonly insertCheckpoint;
  readonly selectEvent;
  readonly selectPruning: Statement;
  readonly selectPrunable;
  readonly deleteEvents;
  readonly markEntries;
  readonly selectMarkedBeginning;
  /** Selects the last checkpoint of the event chain. */
  readonly selectCheckpoint: Statement;
  readonly deleteEntries;
  readonly deleteCheckpoints;
  readonly #insertEntry;
  readonly #insertEntries;
  readonly #backfillHashes;

  constructor(dialect: Dialect) {
    const lock = dialect.advisoryLock?.(sql`'events'`);
    this.lock = lock && toStatement(lock);
    const head = sql`SELECT e.sequence, e.hash FROM security_event_entries e ORDER BY e.sequence DESC LIMIT 1`;
    this.selectHead = toStatement(head);
    this.lockHead = dialect.usesRowLocks ? toStatement(sql`${head} FOR KEY SHARE`) : this.selectHead;
    this.hasCheckpoint = toStatement(sql`SELECT c.sequence FROM security_event_checkpoints c LIMIT 1`);
    // The inner query limits the search to one entry. Otherwise SQLite would evaluate the condition for every entry.
    this.lacksHashes = toStatement(sql`SELECT e.sequence FROM (SELECT sequence FROM security_event_entries LIMIT 1) AS e
      WHERE NOT EXISTS (SELECT 1 FROM security_event_checkpoints)`);
    this.insertCheckpoint = defineStatement<{ sequence: number; hash: string; count: number; createdAt: number }>(
      (p) => sql`INSERT INTO security_event_checkpoints (sequence, hash, count, created_at)
        VALUES (${p('sequence')}, ${p('hash')}, ${p('count')}, ${dialect.fromMs(p('createdAt'))})`,
    );
    this.#insertEntry = defineStatement<ContentParameters & { sequence: number; hash: string }>(
      (p) => sql`INSERT INTO security_event_entries (${entryColumnNames})
        VALUES (${p('sequence')}, ${contentValues(dialect, p)}, ${p('hash')})`,
    );
    this.#insertEntries = defineStatement<{ after: number; entries: string }>(
      (p) => sql`INSERT INTO security_event_entries (${entryColumnNames})
        SELECT CAST(${p('after')} AS BIGINT) + n.position, ${columnNames(contentTable)}, hash
        FROM ${dialect.jsonRecordSet(p('entries'), 'n', entryColumns)} ORDER BY n.position`,
    );
    this.selectEvent = defineStatement<{ id: string }>(
      (p) => sql`SELECT s.id FROM security_events s WHERE s.id = ${p('id')}`,
    );

    this.selectPruning = toStatement(selectLastPruning);
    this.selectPrunable = defineStatement<{ before: number; limit: number }>(
      (p) => sql`SELECT s.id FROM security_events s WHERE s.timestamp < ${dialect.fromMs(p('before'))}
        ORDER BY s.timestamp LIMIT CAST(${p('limit')} AS BIGINT)`,
    );
    this.deleteEvents = defineStatement<{ ids: string }>(
      (p) => sql`DELETE FROM security_events WHERE id IN (${dialect.jsonArrayElements(p('ids'))})`,
    );
    this.markEntries = defineStatement<{ ids: string }>(
      (p) => sql`UPDATE security_event_entries
        SET kind = 'PRUNED', mitigation_applied = NULL, mitigation_details = NULL
        WHERE kind <> 'PRUNED' AND event_id IN (${dialect.jsonArrayElements(p('ids'))}) RETURNING sequence`,
    );
    // The CTE limits the search to the first `limit` entries. Otherwise the query would read the whole chain if all
    // entries are PRUNED.
    this.selectMarkedBeginning = defineStatement<{ limit: number }>(
      (p) => sql`WITH beginning AS (
          SELECT * FROM security_event_entries e ORDER BY e.sequence LIMIT CAST(${p('limit')} AS BIGINT))
        SELECT b.sequence, b.event_id, b.mitigation_applied, b.mitigation_details, ${dialect.toMs(sql`b.entered_at`)},
          b.digest, b.hash
        FROM beginning b WHERE b.sequence < coalesce(
          (SELECT min(k.sequence) FROM beginning k WHERE k.kind <> 'PRUNED'),
          (SELECT max(a.sequence) + 1 FROM beginning a))
        ORDER BY b.sequence`,
    );
    this.selectCheckpoint = toStatement(
      sql`SELECT c.sequence, c.hash FROM security_event_checkpoints c ORDER BY c.sequence DESC LIMIT 1`,
    );
    this.deleteEntries = defineStatement<{ last: number }>(
      (p) => sql`DELETE FROM security_event_entries WHERE sequence <= ${p('last')}`,
    );
    // Keeps the checkpoint with the sequence number 0, which marks that the event chain has begun.
    this.deleteCheckpoints = defineStatement<{ before: number }>(
      (p) => sql`DELETE FROM security_event_checkpoints WHERE sequence > 0 AND sequence < ${p('before')}`,
    );
    this.#backfillHashes = defineStatement<{ after: number; entries: string }>(
      (p) => sql`UPDATE security_event_entries SET digest = n.digest, hash = n.hash
        FROM ${dialect.jsonRecordSet(p('entries'), 'n', backfillColumns)}
        WHERE security_event_entries.sequence = CAST(${p('after')} AS BIGINT) + n.position`,
    );
  }

  /**
   * Returns the statement that appends entries to the event chain after the sequence number `after`.
   *
   * @param hashes - hash of each entry, in order.
   */
  insertEntries(after: number, entries: readonly NewEntry[], hashes: readonly string[]): Statement {
    const [[entry], [hash]] = [entries, hashes];
    if (entries.length === 1 && entry !== undefined && hash !== undefined) {
      return this.#insertEntry({ ...toContentParameters(entry), sequence: after + 1, hash });
    }
    const rows = entries.map((entry, index) => [...toContentRecord(entry, index + 1), hashes[index]]);
    return this.#insertEntries({ after, entries: JSON.stringify(rows) });
  }

  /**
   * Returns the statement that sets the digests and hashes of existing chain entries.
   *
   * @param rows - for each entry: its sequence number minus `after`, its digest and its hash.
   */
  backfillHashes(
    after: number,
    rows: readonly (readonly [position: number, digest: string, hash: string])[],
  ): Statement {
    return this.#backfillHashes({ after, entries: JSON.stringify(rows) });
  }
}

/** Returns the statements that change the event chain, for an engine. */
export const chainStatements = memoizeByDialect((dialect) => new ChainStatements(dialect));

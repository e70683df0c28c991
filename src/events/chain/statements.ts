import { classifyError } from '../../errors/classify-error';
import { columnWithoutHead } from '../../errors/refused-column';
import type { SecurityEventEntryModel } from '../../generated/prisma/models';
import { columnNames, recordColumns, type Columns } from '../../sql/columns';
import type { Dialect, RecordColumns } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { raw, sql, type Sql } from '../../sql/sql';
import { defineStatement, toStatement, type Statement } from '../../sql/statement';
import type { NewEntry } from './hashing';
import { selectLastPruning } from './verification-statements';
import {
  insertEvent,
  insertEventMetadata,
  toEventParameters,
  toMetadataSet,
  type EventParameters,
} from '../statements';
import type { NewEventRow } from '../validation';

/** The columns of entries, except their position. */
const table: Columns<Omit<SecurityEventEntryModel, 'sequence'>> = {
  eventId: ['event_id', 'text'],
  kind: ['kind', { enumeration: 'SecurityEventEntryKind' }],
  mitigationApplied: ['mitigation_applied', 'boolean'],
  mitigationDetails: ['mitigation_details', 'text'],
  enteredAt: ['entered_at', 'time'],
  digest: ['digest', 'text'],
  hash: ['hash', 'text'],
};

const entryColumns: RecordColumns = { position: 'integer', ...recordColumns(table) };
const backfillColumns: RecordColumns = { position: 'integer', digest: 'text', hash: 'text' };

const entryColumnNames = sql`sequence, ${columnNames(table)}`;

type EntryParameters = ReturnType<typeof toEntryParameters>;

function toEntryParameters({ eventId, kind, applied, details, enteredAt, digest }: NewEntry) {
  return { eventId, kind, applied: applied === null ? null : Number(applied), details, enteredAt, digest };
}

/** Composes the values of an entry, except its sequence number and its hash. */
function entryValues(dialect: Dialect, p: (name: keyof EntryParameters) => Sql): Sql {
  return sql`${p('eventId')}, ${p('kind')}, ${dialect.toBoolean(p('applied'))}, ${p('details')},
    ${dialect.fromMs(p('enteredAt'))}, ${p('digest')}`;
}

/** Statements that change the chain of security events, for one engine. */
class ChainStatements {
  /** Blocks other changes of the chain until the end of the transaction. Undefined on an engine with one writer. */
  readonly lock: Statement | undefined;
  /** Selects the head. */
  readonly selectHead: Statement;
  /** Selects one row when there is a checkpoint. */
  readonly hasCheckpoint: Statement;
  /** Selects one row when there are entries but no checkpoint: the backfill of their hashes is not complete. */
  readonly lacksHashes: Statement;
  readonly insertCheckpoint;
  readonly selectEvent;
  readonly selectPruning: Statement;
  readonly selectPrunable;
  readonly deleteEvents;
  readonly markEntries;
  readonly selectMarkedBeginning;
  /** Selects the last checkpoint. */
  readonly selectCheckpoint: Statement;
  readonly deleteEntries;
  readonly deleteCheckpoints;
  /**
   * Records one event: inserts it and the entry after the head, without reading the head first. When there is no head,
   * or the head has no hash, fails with an error that {@link isWithoutHead} recognizes. Undefined when the engine
   * cannot compute the hash.
   */
  readonly record: ((event: NewEventRow, entry: NewEntry) => Statement) | undefined;
  readonly #insertEntry;
  readonly #insertEntries;
  readonly #backfillHashes;

  constructor(dialect: Dialect) {
    this.lock = lockOf(dialect);
    // With FOR KEY SHARE, a transaction with an older snapshot fails when the head of that snapshot has been pruned
    // since. The successors of that head may have been pruned, too, and then no key would conflict with the entry that
    // the transaction adds.
    const forKeyShare = dialect.usesRowLocks ? sql`FOR KEY SHARE` : sql``;
    this.selectHead = toStatement(
      sql`SELECT e.sequence, e.hash FROM security_event_entries e ORDER BY e.sequence DESC LIMIT 1 ${forKeyShare}`,
    );
    this.hasCheckpoint = toStatement(sql`SELECT c.sequence FROM security_event_checkpoints c LIMIT 1`);
    // Selects one entry first: otherwise SQLite would evaluate the condition for each entry.
    this.lacksHashes = toStatement(sql`SELECT e.sequence FROM (SELECT sequence FROM security_event_entries LIMIT 1) AS e
      WHERE NOT EXISTS (SELECT 1 FROM security_event_checkpoints)`);
    this.insertCheckpoint = defineStatement<{ sequence: number; hash: string; count: number; createdAt: number }>(
      (p) => sql`INSERT INTO security_event_checkpoints (sequence, hash, count, created_at)
        VALUES (${p('sequence')}, ${p('hash')}, ${p('count')}, ${dialect.fromMs(p('createdAt'))})`,
    );
    this.record = recordOf(dialect, this.selectHead);
    this.#insertEntry = defineStatement<EntryParameters & { sequence: number; hash: string }>(
      (p) => sql`INSERT INTO security_event_entries (${entryColumnNames})
        VALUES (${p('sequence')}, ${entryValues(dialect, p)}, ${p('hash')})`,
    );
    this.#insertEntries = defineStatement<{ after: number; entries: string }>(
      (p) => sql`INSERT INTO security_event_entries (${entryColumnNames})
        SELECT CAST(${p('after')} AS BIGINT) + n.position, ${columnNames(table)}
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
    // The CTE reads only the first `limit` entries. Without it, the search for the first entry that is not PRUNED could
    // read the whole chain.
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
    // The first checkpoint stays: it records that the chain has begun.
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
   * Returns the statement that inserts entries after the sequence number `after`.
   *
   * @param hashes - hash of each entry, in order.
   */
  insertEntries(after: number, entries: readonly NewEntry[], hashes: readonly string[]): Statement {
    const [[entry], [hash]] = [entries, hashes];
    if (entries.length === 1 && entry !== undefined && hash !== undefined) {
      return this.#insertEntry({ ...toEntryParameters(entry), sequence: after + 1, hash });
    }
    const rows = entries.map(({ eventId, kind, applied, details, enteredAt, digest }, index) => {
      const flag = applied === null ? null : Number(applied);
      return [index + 1, eventId, kind, flag, details, enteredAt, digest, hashes[index]];
    });
    return this.#insertEntries({ after, entries: JSON.stringify(rows) });
  }

  /**
   * Returns the statement that sets the digests and hashes of entries.
   *
   * @param rows - for each entry, its distance from the sequence number `after`, its digest and its hash.
   */
  backfillHashes(
    after: number,
    rows: readonly (readonly [position: number, digest: string, hash: string])[],
  ): Statement {
    return this.#backfillHashes({ after, entries: JSON.stringify(rows) });
  }
}

/** Returns the statements of an engine. */
export const chainStatements = memoizeByDialect((dialect) => new ChainStatements(dialect));

// An engine with SHA-256 computes the same hash as `hashOf`, so that one statement reads the head and appends to it.
function recordOf(dialect: Dialect, selectHead: Statement): ChainStatements['record'] {
  const { sha256 } = dialect;
  if (sha256 === undefined) return undefined;
  const next = sql`head.sequence + 1`;
  const statement = defineStatement<EventParameters & EntryParameters & { metadata: string }>((p) => {
    const event = insertEvent(dialect, p);
    const hash = sha256(sql`head.hash || ':' || (${next}) || ':' || ${p('digest')}`);
    // Joins the metadata with the inserted event, so that the event is inserted first. Otherwise the server might
    // report a duplicate key of the metadata when the id of the event is taken.
    return sql`WITH event AS (${event} RETURNING 1),
        metadata AS (${insertEventMetadata(dialect, p('metadata'), sql`event CROSS JOIN`)})
      INSERT INTO security_event_entries (${entryColumnNames})
      SELECT ${next}, ${entryValues(dialect, p)}, ${hash}
      FROM (SELECT 1) AS one LEFT JOIN (${raw(selectHead.sql)}) AS head ON head.hash <> ''`;
  });
  return (event, entry) =>
    statement({ ...toEventParameters(event), ...toEntryParameters(entry), metadata: toMetadataSet([event]) });
}

/** Reports whether {@link ChainStatements.record} has failed because the head of the chain is unknown. */
export function isWithoutHead(error: unknown): boolean {
  return classifyError(error).missingColumn === columnWithoutHead;
}

/**
 * Returns the statement that acquires the lock of the chain. It is an INSERT that never inserts a row, so that it locks
 * the table first, as a repeated transaction does. In the opposite order, two transactions could wait for each other:
 * one holds the lock of the chain and waits for the table, the other one holds the table and waits for the lock.
 */
function lockOf(dialect: Dialect): Statement | undefined {
  const lock = dialect.advisoryLock?.(sql`'events'`);
  if (lock === undefined) return undefined;
  return toStatement(sql`INSERT INTO security_event_entries (sequence, event_id, kind, entered_at, digest, hash)
    SELECT 0, '', 'PRUNED', ${dialect.fromMs(sql`0`)}, '', '' FROM (${lock}) AS lock(taken) WHERE lock.taken IS NULL`);
}

import type { Dialect, RecordColumns } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { sql } from '../sql/sql';
import { defineStatement, toStatement, type ChangeNote, type Row, type Statement } from '../sql/statement';
import { storedTime } from '../sql/stored';
import type { Change, ChangeKind } from './types';

const changeColumns: RecordColumns = {
  position: 'integer',
  entity: { enumeration: 'ChangeEntity' },
  entity_id: 'text',
  kind: { enumeration: 'ChangeKind' },
  changed_at: 'time',
};

/** The statements of the feed of changes on one engine. */
export class ChangeStatements {
  readonly select;
  /** The number of the last change; 0 where there is none. */
  readonly selectLast;
  readonly prune;
  readonly #insert;

  constructor(dialect: Dialect) {
    this.select = defineStatement<{ after: number; limit: number }>(
      (p) => sql`SELECT c.sequence, c.entity, c.entity_id, c.kind, ${dialect.toMs(sql`c.changed_at`)} FROM changes c
        WHERE c.sequence > CAST(${p('after')} AS BIGINT) ORDER BY c.sequence LIMIT CAST(${p('limit')} AS BIGINT)`,
    );
    this.selectLast = toStatement(sql`SELECT COALESCE(MAX(c.sequence), 0) FROM changes c`);
    this.prune = defineStatement<{ before: number; limit: number }>(
      (p) => sql`DELETE FROM changes WHERE sequence IN (
        SELECT c.sequence FROM changes c WHERE c.changed_at < ${dialect.fromMs(p('before'))}
        ORDER BY c.changed_at LIMIT CAST(${p('limit')} AS BIGINT))`,
    );
    // The number is drawn once it is this transaction's turn, which lasts until its commit: so numbers become visible in
    // their order, and a reader that has seen one has seen all before it.
    const turn = dialect.takeTurn?.(sql`'changes'`);
    this.#insert = defineStatement<{ changes: string }>(
      (p) => sql`${turn === undefined ? sql`` : sql`WITH turn AS MATERIALIZED (${turn})`}
        INSERT INTO changes (entity, entity_id, kind, changed_at)
        SELECT n.entity, n.entity_id, n.kind, n.changed_at
        FROM ${turn === undefined ? sql`` : sql`turn CROSS JOIN `}${dialect.recordSet(p('changes'), 'n', changeColumns)}
        ORDER BY n.position`,
    );
  }

  insert(notes: readonly ChangeNote[]): Statement {
    const rows = notes.flatMap(({ entity, kind, ids, changedAt }) => ids.map((id) => [entity, id, kind, changedAt]));
    return this.#insert({ changes: JSON.stringify(rows.map((row, position) => [position, ...row])) });
  }
}

export const changeStatements = perEngine((dialect) => new ChangeStatements(dialect));

type ChangeResultRow = readonly [
  sequence: number,
  entity: 'AGENT' | 'CERTIFICATE',
  id: string,
  kind: ChangeKind,
  changedAtMs: number,
];

/** The change that a row of `select` stands for. */
export function toChange(row: Row): Change {
  // The statement that made the row selects exactly these columns.
  const [sequence, entity, id, kind, changedAtMs] = row as ChangeResultRow;
  return {
    sequence,
    entity: entity === 'AGENT' ? 'agent' : 'certificate',
    id,
    kind,
    changedAt: storedTime(changedAtMs, undefined, 'changedAt'),
  };
}

import { shouldYield, yieldToEventLoop } from '../runtime/event-loop';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { toStatement, type Row, type SqlValue, type Statement } from '../sql/statement';
import type { FindingSink } from '../storage/findings';

/** One state of a whole database: all that is asked of it is of one moment. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly query: (statement: Statement) => Promise<readonly Row[]>;
  /**
   * Reads the rows of one statement, `size` at a time, on an engine that can run other statements meanwhile. Absent
   * where each chunk has to be a statement of its own, which begins after the previous chunk.
   */
  readonly scan?: (statement: Statement, size: number) => AsyncIterable<readonly Row[]>;
}

/** Rows to check, with a unique key. */
export interface Walk {
  /** Columns of a row; the columns of the key come first. */
  readonly columns: readonly Sql[];
  readonly from: Sql;
  /** The columns of the key, as SQL. */
  readonly key: readonly string[];
  /** True when the rows are grouped by the key. */
  readonly isGrouped?: boolean;
}

/** Rows that are read at a time: few, as each may hold long texts. */
const chunkSize = 100;

/** Reads all rows in the order of their key, in bounded memory and with pauses for other work of the process. */
export async function walk(snapshot: Snapshot, walk: Walk, look: (row: Row) => Promise<void> | void): Promise<void> {
  for await (const rows of chunksOf(snapshot, walk)) {
    for (const row of rows) {
      await look(row);
      if (shouldYield()) await yieldToEventLoop();
    }
  }
}

async function* chunksOf(
  { query, scan }: Snapshot,
  { columns, from, key, isGrouped = false }: Walk,
): AsyncGenerator<readonly Row[]> {
  const place = join(key.map((column) => raw(column)));
  const group = isGrouped ? sql`GROUP BY ${place}` : sql``;
  const select = (isBeyond: Sql, limit: Sql): Statement =>
    toStatement(sql`SELECT ${join(columns)} FROM ${from} ${isBeyond} ${group} ORDER BY ${place} ${limit}`);
  if (scan !== undefined) {
    yield* scan(select(sql``, sql``), chunkSize);
    return;
  }
  for (let after: readonly SqlValue[] | undefined; ;) {
    const isBeyond = after === undefined ? sql`` : sql`WHERE (${place}) > (${join(after)})`;
    const rows = await query(select(isBeyond, sql`LIMIT ${raw(String(chunkSize))}`));
    yield rows;
    const last = rows.at(-1)?.slice(0, key.length);
    if (last === undefined || rows.length < chunkSize) return;
    // A value that was read as a key can also be passed as one, whatever its type.
    after = last as SqlValue[];
  }
}

/** Error codes that do not indicate a fault of the database. */
const passingCodes: ReadonlySet<DatabaseErrorCode> = new Set([
  'BUSY',
  'CONFLICT',
  'DRIVER_UNAVAILABLE',
  'STORAGE_FULL',
  'TIMEOUT',
  'UNAVAILABLE',
]);

/**
 * Checks a part of the database. When the part cannot be read to its end, adds a finding, and continues with the other
 * parts.
 *
 * @param work - its errors are failures: the engine has converted those of its driver.
 */
export async function checkPart(part: string, findings: FindingSink, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, message, isReported } = classifyError(error);
    const isFaultOfPackage = code === 'INTERNAL' && !isReported;
    if (passingCodes.has(code) || isFaultOfPackage) throw error;
    const check = code === 'SCHEMA_OUTDATED' ? 'schema' : 'unreadable';
    findings.add({ check, message: `${part} cannot be read completely: ${message}` });
  }
}

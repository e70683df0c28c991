import type { DriverConnection } from './driver/driver';
import { LRUCache } from 'lru-cache';
import { ownTableProtected, ownTables, transactionControlRefused } from '../../storage/own-tables';

/** Result of checking one SQL text. `failure` is undefined when the SQL is allowed. */
interface Verdict {
  readonly failure: ReturnType<typeof ownTableProtected> | undefined;
}

/** Instruction of a compiled SQLite statement, as EXPLAIN returns it. */
interface Instruction {
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
  readonly p5: number;
}

/**
 * Flag of the instruction OpenWrite of SQLite: the second operand is a register instead of a page. SQLite sets this
 * flag only for new tables.
 */
const isRegister = 0x10;

const searchIndex = 'agent_names_search';

const maxTexts = 256;

/**
 * Refuses application SQL that writes to this package's tables. SQLite compiles a statement to instructions. They name
 * every table that the statement opens for writing, even through triggers and foreign keys. The result for an SQL text
 * is cached until the schema changes.
 */
export class WriteGuard {
  readonly #verdicts = new LRUCache<string, Verdict>({ max: maxTexts });
  #schemaVersion: unknown;

  /**
   * Checks that the SQL is allowed.
   *
   * @param parameterCount - number of parameters of the SQL.
   * @throws PERMISSION_DENIED for SQL that writes to a table of this package; INVALID_INPUT for SQL that begins or ends
   * a transaction or a savepoint.
   */
  assertAllowed(driver: DriverConnection, sql: string, parameterCount: number): void {
    const schemaVersion = driver.pragma('schema_version', { simple: true });
    if (schemaVersion !== this.#schemaVersion) {
      this.#verdicts.clear();
      this.#schemaVersion = schemaVersion;
    }
    let verdict = this.#verdicts.get(sql);
    if (verdict === undefined) {
      verdict = { failure: findFailure(driver, sql, parameterCount) };
      this.#verdicts.set(sql, verdict);
    }
    if (verdict.failure !== undefined) throw verdict.failure;
  }
}

function findFailure(driver: DriverConnection, sql: string, parameterCount: number): Verdict['failure'] {
  const values = Array<null>(parameterCount).fill(null);
  const program = driver.prepare<Instruction>(`EXPLAIN ${sql}`).all(...values);
  if (program.some(({ opcode }) => opcode === 'AutoCommit' || opcode === 'Savepoint')) {
    return transactionControlRefused();
  }
  if (writesSearchIndex(driver, sql, program)) return ownTableProtected(searchIndex);
  const written = new Set(program.flatMap(rootPageOf));
  if (written.size === 0) return undefined;
  const tables = driver
    .prepare<{ readonly page: number; readonly name: string }>(
      'SELECT rootpage AS page, tbl_name AS name FROM sqlite_schema WHERE rootpage > 0',
    )
    .all();
  const own = tables.find(({ page, name }) => written.has(page) && isOwn(name));
  return own && ownTableProtected(own.name);
}

// Reports whether a statement writes to the search index, which is a virtual table. The bytecode of a statement does not
// name virtual tables. So this function looks for the index's name in the statement and in the application's triggers.
function writesSearchIndex(driver: DriverConnection, sql: string, program: readonly Instruction[]): boolean {
  if (!program.some(({ opcode }) => opcode === 'VUpdate' || opcode === 'VDestroy')) return false;
  if (sql.toLowerCase().includes(searchIndex)) return true;
  const triggers = `SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) <> 'agent_names'
    UNION ALL SELECT sql FROM sqlite_temp_schema WHERE type = 'trigger'`;
  const texts = driver.prepare<string>(triggers).pluck().all();
  return texts.some((text) => text.toLowerCase().includes(searchIndex));
}

function rootPageOf({ opcode, p1, p2, p3, p5 }: Instruction): number[] {
  // The database is the third operand of OpenWrite and Destroy, and the second operand of Clear. The number 0 is the
  // main database, with all tables of this package. Temporary and attached databases belong to the application.
  if (opcode === 'OpenWrite') return p3 === 0 && (p5 & isRegister) === 0 ? [p2] : [];
  if (opcode === 'Clear') return p2 === 0 ? [p1] : [];
  return opcode === 'Destroy' && p3 === 0 ? [p1] : [];
}

// Compares lower-case names, because SQLite ignores the case. The tables of the search index have names that begin with
// the name of the index.
function isOwn(name: string): boolean {
  const folded = name.toLowerCase();
  return ownTables.has(folded) || /^agent_names(?:_search(?:_.*)?)?$/.test(folded);
}

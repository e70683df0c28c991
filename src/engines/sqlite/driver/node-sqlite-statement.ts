import type { DriverColumn, DriverStatement } from './driver';
import { isTableMissing, isTooLarge, noStatement, toDriverError, withDriverErrors } from './node-sqlite-errors';
import type { NodeDatabase, NodeRow, NodeStatement, NodeValue } from './node-sqlite-module';

/** Text after the first SQL statement that contains no further statement: blanks, semicolons and comments. */
const rest = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*.*?(?:\*\/|$))*/s;
const changesRows = /^(?:insert|update|delete|replace|with)\b/i;
const isExplain = /^explain\b/i;

/** Form in which a statement returns its rows. */
type Form = 'objects' | 'arrays' | 'values';

/** Statement of `node:sqlite` with the methods and results of better-sqlite3. */
export class NodeSqliteStatement<Row> implements DriverStatement<Row> {
  readonly reader: boolean;
  readonly #database: NodeDatabase;
  readonly #statement: NodeStatement;
  readonly #sql: string;
  readonly #columns: readonly DriverColumn[];
  /** True when the statement may change the rows that it returns. Then it must not run a second time. */
  readonly #isReturning: boolean;
  /**
   * True when the statement sets SQLite's number of changed rows. Otherwise, this number is that of an earlier statement.
   */
  readonly #countsChanges: boolean;
  readonly #isExplain: boolean;
  #form: Form = 'objects';
  #isSafe = false;
  #readsBigInts = false;

  constructor(database: NodeDatabase, sql: string) {
    this.#database = database;
    this.#statement = withDriverErrors(() => compile(database, sql));
    this.#columns = columnsOf(this.#statement);
    this.reader = this.#columns.length > 0;
    const { sourceSQL } = this.#statement;
    if (sql.length > sourceSQL.length && sql.slice(sourceSQL.length).replace(rest, '') !== '') {
      throw new RangeError('The supplied SQL string contains more than one statement');
    }
    this.#sql = sourceSQL.replace(rest, '');
    this.#isReturning = this.reader && /\breturning\b/i.test(sourceSQL);
    this.#countsChanges = changesRows.test(this.#sql);
    this.#isExplain = isExplain.test(this.#sql);
  }

  // Node.js does not report whether a statement only reads. SQLite derives this from certain instructions of the
  // compiled statement.
  get readonly(): boolean {
    if (this.#isExplain) return true;
    const program = withDriverErrors(() => this.#database.prepare(`EXPLAIN ${this.#sql}`).all());
    return !(program as readonly Record<string, NodeValue>[]).some(
      ({ opcode, p2 }) =>
        (opcode === 'Transaction' && p2 !== 0) ||
        opcode === 'Checkpoint' ||
        opcode === 'Vacuum' ||
        opcode === 'JournalMode',
    );
  }

  raw(toggle = true): this {
    return this.#setForm(toggle ? 'arrays' : 'objects');
  }

  pluck(toggle = true): this {
    return this.#setForm(toggle ? 'values' : 'objects');
  }

  safeIntegers(toggle = true): this {
    this.#isSafe = toggle;
    return this;
  }

  columns(): readonly DriverColumn[] {
    // Reads the columns again, because a change of the schema may have changed them.
    return columnsOf(this.#statement);
  }

  get(...args: readonly unknown[]): Row | undefined {
    const row = this.#read(args, () => this.#statement.get(...args));
    return row === undefined ? undefined : this.#convert(row);
  }

  all(...args: readonly unknown[]): Row[] {
    const rows = this.#read(args, () => this.#statement.all(...args));
    // Converts each row in the same array. The cast allows this.
    const converted = rows as unknown[];
    for (const [index, row] of rows.entries()) converted[index] = this.#convert(row);
    return converted as Row[];
  }

  *iterate(...args: readonly unknown[]): IterableIterator<Row> {
    assertBindable(args);
    // Reads integers as bigint from the beginning: after the first row, the statement cannot change the type of its
    // integers.
    this.#setBigInts(true);
    try {
      for (const row of this.#statement.iterate(...args)) yield this.#convert(row);
    } catch (error) {
      throw toDriverError(error);
    }
  }

  run(...args: readonly unknown[]): { readonly changes: number } {
    assertBindable(args);
    const { changes } = withDriverErrors(() => this.#statement.run(...args));
    return { changes: this.#countsChanges ? Number(changes) : 0 };
  }

  #setForm(form: Form): this {
    this.#form = form;
    this.#statement.setReturnArrays(form !== 'objects');
    return this;
  }

  // Reads integers as numbers, because bigint is slower. Node.js throws for an integer beyond 2^53, so the statement
  // then runs again with bigint.
  #read<T>(args: readonly unknown[], read: () => T): T {
    assertBindable(args);
    if (this.#isExplain) this.#assertComplete(args);
    this.#setBigInts(this.#isSafe || this.#isReturning);
    try {
      return read();
    } catch (error) {
      if (!isTooLarge(error)) throw toDriverError(error);
      this.#setBigInts(true);
      return withDriverErrors(read);
    }
  }

  #setBigInts(enabled: boolean): void {
    if (enabled === this.#readsBigInts) return;
    this.#statement.setReadBigInts(enabled);
    this.#readsBigInts = enabled;
  }

  /**
   * Fails when parameters are missing, because Node.js would bind NULL. Checks only EXPLAIN statements, which change
   * nothing. This is enough: the SQL of an application is explained before it runs, and the SQL of this package is
   * complete.
   */
  #assertComplete(args: readonly unknown[]): void {
    try {
      this.#statement.get(...args, null);
    } catch {
      return;
    }
    throw new RangeError('Too few parameter values were provided');
  }

  #convert(row: NodeRow): Row {
    if (Array.isArray(row)) {
      for (let index = 0; index < row.length; index += 1) {
        const value = row[index];
        if (typeof value === 'object' || typeof value === 'bigint') row[index] = this.#convertValue(value);
      }
      return (this.#form === 'values' ? row[0] : row) as Row;
    }
    const converted = { ...row };
    for (const [name, value] of Object.entries(row)) converted[name] = this.#convertValue(value);
    return converted as Row;
  }

  #convertValue(value: NodeValue): NodeValue {
    if (typeof value === 'bigint') return this.#isSafe ? value : Number(value);
    if (typeof value !== 'object' || value === null) return value;
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}

// Compiles a statement. The first attempt may discard an old schema and report a missing table, if another connection
// has changed the schema. This happens for the search index with the SQLite of Node.js 22, 24 and 26. So the function
// tries again.
function compile(database: NodeDatabase, sql: string): NodeStatement {
  try {
    return database.prepare(sql);
  } catch (error) {
    if (isTableMissing(error)) return database.prepare(sql);
    throw error;
  }
}

function columnsOf(statement: NodeStatement): readonly DriverColumn[] {
  try {
    return statement.columns();
  } catch (error) {
    // Node.js 22 accepts SQL without a statement, and throws only when the columns are requested.
    throw noStatement(error);
  }
}

// Checks that the values can be bound. Node.js would read an object as named parameters, and its versions differ in the
// values that they accept.
function assertBindable(args: readonly unknown[]): void {
  for (const value of args) {
    if (typeof value === 'string' || typeof value === 'number' || value === null) continue;
    if (typeof value === 'bigint' || ArrayBuffer.isView(value)) continue;
    throw new TypeError('SQLite3 can only bind numbers, strings, bigints, buffers, and null');
  }
}

import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { PendingWrites } from '../../runtime/pending-writes';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import type { ChangeEntry, Transaction } from '../../storage/transaction';
import { sqliteDialect } from './dialect';

/**
 * Runs the statements of one operation on the writing connection, which no other call uses meanwhile. Pauses between
 * statements for other work of the process when the operation takes long.
 */
export class SqliteTransactionHandle implements Transaction {
  readonly dialect = sqliteDialect;
  readonly #run: (statement: Statement) => StatementResult;
  readonly #pending = new PendingWrites();

  /** @param run - runs one statement on the connection. */
  constructor(run: (statement: Statement) => StatementResult) {
    this.#run = run;
  }

  get changes(): readonly ChangeEntry[] {
    return this.#pending.changes;
  }

  async query(statement: Statement): Promise<readonly Row[]> {
    return (await this.#runNext(statement)).rows;
  }

  async queryAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return (await this.#runAll(statements)).map(({ rows }) => rows);
  }

  async execute(statement: Statement): Promise<number> {
    return (await this.#runNext(statement)).changes;
  }

  async executeAll(statements: readonly Statement[]): Promise<readonly number[]> {
    return (await this.#runAll(statements)).map(({ changes }) => changes);
  }

  async executeReturning(statement: Statement): Promise<readonly Row[]> {
    return (await this.#runNext(statement)).rows;
  }

  executeAtCommit(statements: readonly Statement[]): void {
    this.#pending.add(statements);
  }

  recordChange(entry: ChangeEntry): void {
    this.#pending.addChange(entry);
  }

  /** Runs the statements that are still pending. */
  async flush(): Promise<void> {
    for (const statement of this.#pending.takeStatements()) {
      if (shouldYield()) await yieldToEventLoop();
      this.#run(statement);
    }
  }

  async #runNext(statement: Statement): Promise<StatementResult> {
    await this.flush();
    if (shouldYield()) await yieldToEventLoop();
    return this.#run(statement);
  }

  async #runAll(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    const results: StatementResult[] = [];
    for (const statement of statements) results.push(await this.#runNext(statement));
    return results;
  }
}

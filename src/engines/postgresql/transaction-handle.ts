import { PendingWrites } from '../../runtime/pending-writes';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import type { ChangeEntry, Transaction } from '../../storage/transaction';
import { postgresqlDialect } from './dialect';

/**
 * Runs the statements of one operation on a connection. The driver sends statements without waiting for the responses
 * to earlier ones, so each method is one round trip.
 */
export class PostgresqlTransactionHandle implements Transaction {
  readonly dialect = postgresqlDialect;
  readonly #run: (statement: Statement) => Promise<StatementResult>;
  readonly #begin: () => Promise<unknown>;
  readonly #pending = new PendingWrites();

  /**
   * @param run - sends one statement.
   * @param begin - sends BEGIN unless that was done before, and resolves when the transaction has begun.
   */
  constructor(
    run: (statement: Statement) => Promise<StatementResult>,
    begin: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.#run = run;
    this.#begin = begin;
  }

  get changes(): readonly ChangeEntry[] {
    return this.#pending.changes;
  }

  async query(statement: Statement): Promise<readonly Row[]> {
    const [rows = []] = await this.queryAll([statement]);
    return rows;
  }

  async queryAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return (await this.#send(statements, true)).map(({ rows }) => rows);
  }

  async execute(statement: Statement): Promise<number> {
    const [changes = 0] = await this.executeAll([statement]);
    return changes;
  }

  async executeAll(statements: readonly Statement[]): Promise<readonly number[]> {
    return (await this.#send(statements, false)).map(({ changes }) => changes);
  }

  async executeReturning(statement: Statement): Promise<readonly Row[]> {
    const [result] = await this.#send([statement], false);
    return result?.rows ?? [];
  }

  executeAtCommit(statements: readonly Statement[]): void {
    this.#pending.add(statements);
  }

  recordChange(entry: ChangeEntry): void {
    this.#pending.addChange(entry);
  }

  /** Returns the statements that are still pending, for the caller to send. */
  takePending(): readonly Statement[] {
    return this.#pending.takeStatements();
  }

  /** Sends the statements that are still pending. */
  async flush(): Promise<void> {
    await this.#send([], false);
  }

  async #send(statements: readonly Statement[], isReading: boolean): Promise<readonly StatementResult[]> {
    const pending = this.#pending.takeStatements();
    if (pending.length + statements.length === 0) return [];
    const begun = this.#begin();
    // If BEGIN fails, a statement that changes something would be committed by itself.
    if (!isReading || pending.length > 0) await begun;
    const sent = [...pending, ...statements].map(this.#run);
    // Nothing may be on its way when the transaction continues or is rolled back.
    await Promise.allSettled(sent);
    await begun;
    // The first that failed: the others failed because of it.
    const results = await Promise.all(sent);
    return results.slice(pending.length);
  }
}

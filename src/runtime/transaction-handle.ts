import type { Dialect } from '../sql/dialect';
import type { Row, Statement, StatementResult } from '../sql/statement';
import type { ChangeEntry, Transaction } from '../storage/transaction';

/**
 * Function that runs the statements of an operation on one engine, in order.
 *
 * @param isReading - true when none of the statements changes anything.
 */
export type SendStatements = (
  statements: readonly Statement[],
  isReading: boolean,
) => Promise<readonly StatementResult[]>;

/**
 * Transaction handle of one operation, on either engine. Collects the change entries of the operation. Also collects
 * the statements of `executeAtCommit`, and sends them before the next statement or at the end of the operation.
 */
export class TransactionHandle implements Transaction {
  readonly dialect: Dialect;
  readonly #send: SendStatements;
  #pending: Statement[] = [];
  readonly #changes: ChangeEntry[] = [];
  #needsSequencing = false;

  constructor(dialect: Dialect, send: SendStatements) {
    this.dialect = dialect;
    this.#send = send;
  }

  /** Entries for the change feed that the operation has recorded so far, in order. */
  get changes(): readonly ChangeEntry[] {
    return this.#changes;
  }

  /**
   * True when the operation has called {@link requestSequencing}, so that pending events must be appended to the event
   * chain.
   */
  get needsSequencing(): boolean {
    return this.#needsSequencing;
  }

  async query(statement: Statement): Promise<readonly Row[]> {
    const [rows = []] = await this.queryAll([statement]);
    return rows;
  }

  async queryAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return (await this.#run(statements, true)).map(({ rows }) => rows);
  }

  async execute(statement: Statement): Promise<number> {
    const [changes = 0] = await this.executeAll([statement]);
    return changes;
  }

  async executeAll(statements: readonly Statement[]): Promise<readonly number[]> {
    return (await this.#run(statements, false)).map(({ changes }) => changes);
  }

  async executeReturning(statement: Statement): Promise<readonly Row[]> {
    const [result] = await this.#run([statement], false);
    return result?.rows ?? [];
  }

  executeAtCommit(statements: readonly Statement[]): void {
    this.#pending.push(...statements);
  }

  recordChange(entry: ChangeEntry): void {
    if (entry.ids.length > 0) this.#changes.push(entry);
  }

  requestSequencing(): void {
    this.#needsSequencing = true;
  }

  /** Removes the statements that wait to be sent from the handle, and returns them. The caller has to send them. */
  takePending(): readonly Statement[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  /** Sends the statements that wait in the handle. */
  async flush(): Promise<void> {
    await this.#run([], false);
  }

  async #run(statements: readonly Statement[], isReading: boolean): Promise<readonly StatementResult[]> {
    const pending = this.takePending();
    if (pending.length === 0) return statements.length === 0 ? [] : this.#send(statements, isReading);
    const results = await this.#send([...pending, ...statements], false);
    return results.slice(pending.length);
  }
}

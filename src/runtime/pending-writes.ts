import type { Statement } from '../sql/statement';
import type { ChangeEntry } from '../storage/transaction';

/**
 * Statements of a transaction that were not sent yet, and its change entries. Each engine's transaction handle has one.
 */
export class PendingWrites {
  #statements: Statement[] = [];
  readonly #changes: ChangeEntry[] = [];

  /** Change entries so far, in order. */
  get changes(): readonly ChangeEntry[] {
    return this.#changes;
  }

  add(statements: readonly Statement[]): void {
    this.#statements.push(...statements);
  }

  addChange(entry: ChangeEntry): void {
    if (entry.ids.length > 0) this.#changes.push(entry);
  }

  /** Returns the statements to send next, and removes them from the list. */
  takeStatements(): readonly Statement[] {
    const statements = this.#statements;
    this.#statements = [];
    return statements;
  }
}

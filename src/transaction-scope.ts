import { DatabaseOperations, sessionOf } from './database-operations';
import { invalidInput } from './errors/failure';
import type { NativeAccess, NativeRow, NativeValue } from './storage/native-access';

/**
 * Argument of the callback of `db.transaction`. It has the same services as the database, bound to one transaction.
 * Every call fails with CONFLICT after the end of the callback.
 */
export class TransactionScope extends DatabaseOperations {
  /**
   * Runs an SQL query of the application inside the transaction.
   *
   * @param sql - one statement with a `?` for each value; on PostgreSQL also with `$1`, `$2` and so on.
   * @param values - values of the parameters.
   * @returns the rows as objects, with the types of the engine's driver; an empty array when there are none.
   * @throws PERMISSION_DENIED when the statement writes to a table of this package; INVALID_INPUT when it begins or
   * ends a transaction; for any other error of the database, the code that matches it.
   * @example
   * ```ts
   * await db.transaction(async (tx) => {
   *   const orders = await tx.query('SELECT id FROM orders WHERE agent_id = ?', agentId);
   *   if (orders.length === 0) await tx.deleteAgent(agentId);
   * });
   * ```
   */
  query(sql: string, ...values: readonly NativeValue[]): Promise<readonly NativeRow[]> {
    return this.#run('query', sql, (native) => native.query(sql, values));
  }

  /**
   * Runs an SQL statement of the application inside the transaction.
   *
   * @param sql - one statement with a `?` for each value; on PostgreSQL also with `$1`, `$2` and so on.
   * @param values - values of the parameters.
   * @returns the number of changed rows.
   * @throws the same errors as {@link query}.
   * @example
   * ```ts
   * await db.transaction(async (tx) => {
   *   await tx.execute('UPDATE orders SET agent_id = ? WHERE id = ?', agentId, orderId);
   * });
   * ```
   */
  execute(sql: string, ...values: readonly NativeValue[]): Promise<number> {
    return this.#run('execute', sql, (native) => native.execute(sql, values));
  }

  #run<T>(operation: 'query' | 'execute', sql: string, work: (native: NativeAccess) => Promise<T>): Promise<T> {
    const session = sessionOf(this);
    return session.read(operation, undefined, async () => {
      if (typeof sql !== 'string') throw invalidInput('sql', 'must be a string');
      return session.withNative(work);
    });
  }
}

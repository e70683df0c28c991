import type { Statement } from '../../sql/statement';
import type { SqliteConnection } from './connection';

// All savepoints have the same name, because only one operation of a transaction runs at a time.
const savepoint: Statement = { sql: 'SAVEPOINT operation', args: [] };
const releaseSavepoint: Statement = { sql: 'RELEASE operation', args: [] };
const rollbackToSavepoint: Statement = { sql: 'ROLLBACK TO operation', args: [] };

/** Runs `work` in a savepoint of the open transaction. When `work` fails, its changes are rolled back. */
export async function withSavepoint<T>(connection: SqliteConnection, work: () => Promise<T>): Promise<T> {
  connection.run(savepoint);
  try {
    const result = await work();
    connection.run(releaseSavepoint);
    return result;
  } catch (error) {
    if (connection.driver.inTransaction) {
      connection.run(rollbackToSavepoint);
      connection.run(releaseSavepoint);
    }
    throw error;
  }
}

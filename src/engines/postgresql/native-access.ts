import type { PoolClient, QueryConfig } from 'pg';
import { Failure } from '../../errors/failure';
import { convertRejection } from '../../runtime/convert-errors';
import type { NativeAccess, NativeRow, NativeValue } from '../../storage/native-access';
import type { PostgresqlConnections } from './connections';
import { classifyPostgresqlError } from './errors/classify';
import type { TransactionWithSavepoints } from './transaction-with-savepoints';
import { assertForeignTarget, withNumberedParameters } from './write-target';

/** Runs the application's own SQL on a PostgreSQL database, or inside one transaction. */
export class PostgresqlNativeAccess implements NativeAccess {
  readonly #connections: PostgresqlConnections;
  readonly #transaction: TransactionWithSavepoints | undefined;

  /**
   * Creates the access to a database.
   *
   * @param transaction - transaction that runs the SQL. When undefined, each statement runs by itself.
   */
  constructor(connections: PostgresqlConnections, transaction?: TransactionWithSavepoints) {
    this.#connections = connections;
    this.#transaction = transaction;
  }

  async query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]> {
    const { rows } = await this.#send(sql, values);
    return rows;
  }

  async execute(sql: string, values: readonly NativeValue[]): Promise<number> {
    const { rowCount } = await this.#send(sql, values);
    return rowCount ?? 0;
  }

  classify(error: unknown): Failure {
    return classifyPostgresqlError(error);
  }

  /** Runs `work` on a connection. `work` must send no SQL except `sql`. */
  async run<T>(sql: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    assertForeignTarget(sql);
    const transaction = this.#transaction;
    return transaction === undefined ? this.#connections.withClient(work) : transaction.write(work);
  }

  /**
   * Runs `work` inside the transaction. Other operations of the transaction wait meanwhile. When `work` fails, its
   * changes are rolled back.
   */
  async exclusive<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#transaction === undefined) throw new Failure('INTERNAL', 'there is no transaction');
    return this.#transaction.write(work);
  }

  #send(sql: string, values: readonly NativeValue[]): Promise<{ rows: NativeRow[]; rowCount: number | null }> {
    return convertRejection(classifyPostgresqlError, () =>
      this.run(sql, (client) => client.query<NativeRow>(singleStatement(withNumberedParameters(sql), values))),
    );
  }
}

/**
 * Returns a query that the server rejects if its text has several statements. `assertForeignTarget` looks for COMMIT
 * only at the beginning of the text, but a second statement COMMIT would end the transaction, too.
 */
function singleStatement(text: string, values: readonly NativeValue[]): QueryConfig & { queryMode: 'extended' } {
  return { text, values: [...values], queryMode: 'extended' };
}

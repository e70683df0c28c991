import type { PoolClient } from 'pg';
import type { Failure } from '../../errors/failure';
import { Mutex } from '../../runtime/mutex';
import type { ConnectionHold, TransactionRequest } from '../../storage/engine';
import type { PostgresqlConnections } from './connections';
import { lockContendedTable } from './contended-table';
import { classifyPostgresqlError, isConnectionFault } from './errors/classify';
import { ManagedClient, reasonOn } from './managed-client';
import { findSqlState, invalidSavepoint } from './sql-state';
import { PostgresqlTransaction } from './transaction';

const isolations = { snapshot: 'REPEATABLE READ', serializable: 'SERIALIZABLE' } as const;

/** Transaction that runs one operation at a time. A savepoint ensures that a failed operation has no effect. */
export class TransactionWithSavepoints {
  readonly #transaction: PostgresqlTransaction;
  readonly #mutex = new Mutex();
  #isUsable = true;
  /** Failure of the whole transaction; undefined while the transaction can continue. */
  #failure: Failure | undefined;

  readonly hold: ConnectionHold;
  /** Id of the server process that serves the transaction. */
  readonly serverProcess: number | undefined;

  private constructor(transaction: PostgresqlTransaction, pool: object, serverProcess: number | undefined) {
    this.#transaction = transaction;
    this.hold = { pool, isReleased: false };
    this.serverProcess = serverProcess;
  }

  /** Begins a transaction. During a repeated transaction, other transactions cannot register names. */
  static async begin(
    connections: PostgresqlConnections,
    { isolation, isRepeated }: TransactionRequest,
  ): Promise<TransactionWithSavepoints> {
    const transaction = await PostgresqlTransaction.open(connections, isolations[isolation]);
    try {
      await transaction.begin();
      if (isRepeated) await lockContendedTable(transaction.client);
      const [serverProcess] = await Promise.all([
        serverProcessOf(transaction.client),
        transaction.client.query('SAVEPOINT operation'),
      ]);
      return new TransactionWithSavepoints(transaction, connections.pool, serverProcess);
    } catch (error) {
      await transaction.rollback().catch(() => undefined);
      throw error;
    }
  }

  get client(): PoolClient {
    return this.#transaction.client;
  }

  /** Runs `work`, an operation that only reads. */
  read<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#mutex.runExclusive(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return await work(this.client);
      } catch (error) {
        if (isConnectionFault(error)) this.#isUsable = false;
        else await this.#undo(error);
        throw reasonOn(this.client, error);
      }
    });
  }

  // Rolls back to the last savepoint, which undoes exactly the failed operation. The server rejects all further
  // statements until then.
  async #undo(error: unknown): Promise<void> {
    try {
      await this.client.query('ROLLBACK TO operation');
    } catch (undoError) {
      // The transaction cannot continue if its savepoint could not be set or restored.
      this.#failure = classifyPostgresqlError(findSqlState(undoError) === invalidSavepoint ? error : undoError);
    }
  }

  /** Runs `work`, an operation that may write, in a savepoint: all of its statements have an effect, or none has. */
  write<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.read(async (client) => {
      const result = await work(client);
      await client.query('RELEASE operation; SAVEPOINT operation');
      return result;
    });
  }

  commit(sendLast: (client: PoolClient) => readonly Promise<unknown>[]): Promise<void> {
    return this.#end(async () => {
      if (this.#failure === undefined) return this.#transaction.commit(() => sendLast(this.client));
      await this.#transaction.rollback();
      throw this.#failure;
    });
  }

  rollback(): Promise<void> {
    return this.#end(() => this.#transaction.rollback(this.#isUsable));
  }

  #end(work: () => Promise<void>): Promise<void> {
    return this.#mutex.runExclusive(work).finally(() => (this.hold.isReleased = true));
  }
}

// Returns the id of the server process. Behind a pooler, it may change with each transaction, so the server is asked.
async function serverProcessOf(client: PoolClient): Promise<number | undefined> {
  if (client instanceof ManagedClient && client.serverProcess !== undefined) return client.serverProcess;
  const { rows } = await client.query<[number]>({ text: 'SELECT pg_backend_pid()', rowMode: 'array' });
  return rows[0]?.[0];
}

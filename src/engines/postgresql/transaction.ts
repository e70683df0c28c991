import { DatabaseError, type PoolClient } from 'pg';
import { Failure } from '../../errors/failure';
import { isNotQueryable } from './errors/connection-errors';
import {
  classifyPostgresqlError,
  isConnectionFault,
  isOutdatedPlan,
  isSerializationConflict,
  isTransactionTimeout,
} from './errors/classify';
import { Mutex } from '../../runtime/mutex';
import type { ConnectionHold, TransactionRequest } from '../../storage/engine';
import { lockContendedTable } from './contended-table';
import type { PostgresqlConnections } from './connections';
import { unexpectedEnd } from './guarded-connection';
import { reasonOn, ManagedClient } from './managed-client';
import { findSqlState, invalidSavepoint } from './sql-state';

/**
 * Isolation level of a transaction. A single call uses READ COMMITTED: each statement sees everything that was
 * committed before it. A `db.transaction` uses another level. It sees the state at its beginning, and fails when it
 * changes a row that another transaction has changed since. Other transactions may change rows that it only reads,
 * unless the level is SERIALIZABLE.
 */
export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

const isolations = { snapshot: 'REPEATABLE READ', serializable: 'SERIALIZABLE' } as const;

/** Transaction on one connection. The caller must call exactly one of `commit`, `commitAlone` and `rollback`. */
export class PostgresqlTransaction {
  readonly #client: PoolClient;
  readonly #isolation: Isolation;
  #begun: Promise<unknown> | undefined;

  private constructor(client: PoolClient, isolation: Isolation) {
    this.#client = client;
    this.#isolation = isolation;
  }

  /** Takes a connection from the pool. Sends no statement yet. */
  static async open({ pool }: PostgresqlConnections, isolation: Isolation): Promise<PostgresqlTransaction> {
    return new PostgresqlTransaction(await pool.connect(), isolation);
  }

  get client(): PoolClient {
    return this.#client;
  }

  get hasBegun(): boolean {
    return this.#begun !== undefined;
  }

  /**
   * Sends BEGIN at the first call. Resolves when the server has begun the transaction. A statement that writes must
   * wait for BEGIN: without a transaction, it would be committed at once.
   */
  begin(): Promise<unknown> {
    if (this.#begun === undefined) {
      this.#begun = this.#client.query(`BEGIN ISOLATION LEVEL ${this.#isolation}`);
      // Prevents an unhandled rejection. The caller receives the error through the returned promise.
      this.#begun.catch(() => undefined);
    }
    return this.#begun;
  }

  /**
   * Commits the transaction.
   *
   * @param sendLast - sends the last statements. COMMIT follows without waiting for their responses. When a statement
   * fails, the server rolls back everything, and the error of that statement is thrown.
   * @throws UNAVAILABLE when the connection was lost meanwhile, so that the commit outcome is unknown.
   */
  commit(sendLast: () => readonly Promise<unknown>[] = () => []): Promise<void> {
    return this.#end(async (isAnswered) => {
      const last = sendLast();
      const commit = this.#client.query('COMMIT');
      await Promise.allSettled(last);
      const { command } = await commit.catch((error: unknown) => {
        // The server rolls back when the commit of a serializable transaction fails. The connection stays usable.
        if (isSerializationConflict(error)) isAnswered();
        throw error;
      });
      if (command !== 'COMMIT' && command !== 'ROLLBACK') throw unexpectedEnd();
      isAnswered();
      await Promise.all(last);
      // The server responds to COMMIT with ROLLBACK if a statement of the transaction has failed.
      if (command === 'ROLLBACK') throw new Failure('INTERNAL', 'a statement of the transaction had already failed');
    });
  }

  /**
   * Runs a whole transaction without BEGIN and COMMIT.
   *
   * @param send - sends all statements with a single Sync message, which makes them a transaction.
   * @throws UNAVAILABLE when the connection was lost meanwhile, so that the commit outcome is unknown.
   */
  commitAlone(send: () => Promise<unknown>): Promise<void> {
    return this.#end(async (isAnswered) => {
      try {
        await send();
      } catch (error) {
        // An error that the server has reported rolls back everything, and leaves the connection usable.
        if (error instanceof DatabaseError && !isConnectionFault(error)) isAnswered();
        throw error;
      }
    });
  }

  async #end(work: (isAnswered: () => void) => Promise<void>): Promise<void> {
    let isUsable = false;
    try {
      await work(() => (isUsable = true));
      isUsable = true;
    } catch (error) {
      // Reuses the connection only after a call of `isAnswered`: a COMMIT that is cancelled as it begins leaves the
      // connection in a failed transaction.
      isUsable &&= !isConnectionFault(error);
      throw wasSent(error) ? unknownOutcome(error) : reasonOn(this.#client, error);
    } finally {
      this.#client.release(!isUsable);
    }
  }

  /**
   * Rolls back the transaction. Even if this call fails, the server rolls back when the connection ends.
   *
   * @param isUsable - false when the connection must not be used again.
   */
  async rollback(isUsable = true): Promise<void> {
    try {
      if (this.hasBegun) await this.#client.query('ROLLBACK');
      this.#client.release(!isUsable);
    } catch (error) {
      this.#client.release(true);
      throw error;
    }
  }
}

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

// Reports whether a statement was sent and the server has not responded to it. The driver sends nothing on a connection
// that it knows to be lost. An outdated plan and a transaction timeout are responses of the server.
function wasSent(error: unknown): boolean {
  if (!isConnectionFault(error) || isOutdatedPlan(error) || isTransactionTimeout(error)) return false;
  return !(error instanceof Error && isNotQueryable(error));
}

function unknownOutcome(cause: unknown): Failure {
  const message = 'the connection was lost during the commit, so the changes may or may not have been kept';
  return new Failure('UNAVAILABLE', message, { cause });
}

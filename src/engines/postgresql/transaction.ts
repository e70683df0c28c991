import { DatabaseError, type PoolClient } from 'pg';
import { Failure } from '../../errors/failure';
import { isNotQueryable } from './errors/connection-errors';
import { isConnectionFault, isOutdatedPlan, isSerializationConflict, isTransactionTimeout } from './errors/classify';
import type { PostgresqlConnections } from './connections';
import { commitStatement } from './control-statements';
import { unexpectedEnd } from './guarded-connection';
import { reasonOn, writeTogether } from './managed-client';
import { runBatch } from './statement-batch';

/**
 * Isolation level of a transaction. A single call uses READ COMMITTED: each statement sees everything that was
 * committed before it. A `db.transaction` uses another level. It sees the state at its beginning, and fails when it
 * changes a row that another transaction has changed since. Other transactions may change rows that it only reads,
 * unless the level is SERIALIZABLE.
 */
export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

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
   * Begins the transaction with the first of several statements.
   *
   * @param send - sends BEGIN and the other statements with a single Sync message: if BEGIN fails, the server skips the
   * others.
   */
  beginWith<T>(send: () => Promise<T>): Promise<T> {
    const sent = send();
    this.#begun = sent;
    return sent;
  }

  /**
   * Commits the transaction with the last of several statements. When one of them fails, the server skips the others,
   * and the transaction is rolled back.
   *
   * @param send - sends the statements and COMMIT with a single Sync message. Returns the command that the server has
   * run in place of COMMIT.
   * @throws UNAVAILABLE when the connection was lost meanwhile, so that the commit outcome is unknown.
   */
  commitWith(send: () => Promise<string | undefined>): Promise<void> {
    return this.#end(async (isAnswered) => {
      try {
        const command = await send();
        assertEnded(command);
        isAnswered();
        assertCommitted(command);
      } catch (error) {
        // The server has skipped COMMIT, or COMMIT itself has failed.
        if (error instanceof DatabaseError && !isConnectionFault(error)) {
          await this.#client.query('ROLLBACK').then(isAnswered, () => undefined);
        }
        throw error;
      }
    });
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
      const [last, commit] = writeTogether(
        this.#client,
        () => [sendLast(), runBatch(this.#client, [commitStatement])] as const,
      );
      await Promise.allSettled(last);
      const [result] = await commit.catch((error: unknown) => {
        // The server rolls back when the commit of a serializable transaction fails. The connection stays usable.
        if (isSerializationConflict(error)) isAnswered();
        throw error;
      });
      assertEnded(result?.command);
      isAnswered();
      await Promise.all(last);
      assertCommitted(result?.command);
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

// Reports whether a statement was sent and the server has not responded to it. The driver sends nothing on a connection
// that it knows to be lost. An outdated plan and a transaction timeout are responses of the server.
function wasSent(error: unknown): boolean {
  if (!isConnectionFault(error) || isOutdatedPlan(error) || isTransactionTimeout(error)) return false;
  return !(error instanceof Error && isNotQueryable(error));
}

function assertEnded(command: string | undefined): void {
  if (command !== 'COMMIT' && command !== 'ROLLBACK') throw unexpectedEnd();
}

// The server responds to COMMIT with ROLLBACK if a statement of the transaction has failed.
function assertCommitted(command: string | undefined): void {
  if (command === 'ROLLBACK') throw new Failure('INTERNAL', 'a statement of the transaction had already failed');
}

function unknownOutcome(cause: unknown): Failure {
  const message = 'the connection was lost during the commit, so the changes may or may not have been kept';
  return new Failure('UNAVAILABLE', message, { cause });
}

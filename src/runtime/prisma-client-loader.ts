import { notInitialized } from '../errors/failure';
import type { PrismaClient } from '../generated/prisma/client';
import type { ChangeEntry, Statement } from '../sql/statement';
import type { PrismaWork, StatementObserver } from '../storage/executor';
import { assertSpareDescriptors } from './spare-descriptors';
import { statementObservers } from './statement-observers';

/**
 * Limits of Prisma Client for waiting for a transaction and for its duration. The package sets its own limits where
 * they matter.
 */
const limits = { maxWait: 2 ** 31 - 1, timeout: 2 ** 31 - 1 };

/**
 * Prisma Client over an engine's driver adapter, made at its first use: loading it, and the query compiler with it, takes
 * longer than opening the database, and many a process never needs it.
 */
export class PrismaClientLoader {
  readonly #load: () => Promise<PrismaClient>;
  #client: Promise<PrismaClient> | undefined;
  #isGivenUp = false;

  constructor(load: () => Promise<PrismaClient>) {
    this.#load = load;
  }

  /**
   * Runs `work` with the client in one transaction.
   *
   * @param writeDown - returns the statements that write the change entries, if that is to be done here.
   * @param observe - called after each statement.
   */
  async lend<T>(
    work: PrismaWork<T>,
    writeDown: (notes: readonly ChangeEntry[]) => Statement[],
    observe?: StatementObserver,
  ): Promise<T> {
    const client = await this.#loaded();
    try {
      return await statementObservers.run(observe, () =>
        client.$transaction(async (transaction) => {
          const notes: ChangeEntry[] = [];
          const result = await work(transaction, (note) => notes.push(note));
          for (const { sql, args } of writeDown(notes)) await transaction.$executeRawUnsafe(sql, ...args);
          return result;
        }, limits),
      );
    } catch (error) {
      // Prisma Client has words of its own for it.
      throw this.#isGivenUp ? notInitialized(error) : error;
    }
  }

  // A failure is discarded, so that the next call tries again.
  #loaded(): Promise<PrismaClient> {
    if (this.#client === undefined) {
      const loading = this.#connect();
      this.#client = loading;
      loading.catch(() => {
        if (this.#client === loading) this.#client = undefined;
      });
    }
    return this.#client;
  }

  // Prisma Client loads its query compiler when it connects, and keeps the failure of that forever.
  async #connect(): Promise<PrismaClient> {
    assertSpareDescriptors();
    const client = await this.#load();
    try {
      await client.$connect();
      return client;
    } catch (error) {
      await client.$disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** Aborts the running calls. */
  giveUp(): void {
    this.#isGivenUp = true;
    // It may wait for the running calls.
    this.dispose().catch(() => undefined);
  }

  async dispose(): Promise<void> {
    // When it could not be loaded there is nothing to close, and its callers have already received the error.
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.$disconnect();
  }
}

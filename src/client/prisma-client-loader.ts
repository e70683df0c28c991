import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { PrismaClient } from '../generated/prisma/client';
import type { StatementObserver } from './executor';
import { statementObservers } from './statement-observers';

/**
 * Prisma Client over a driver adapter, made at its first use: loading it, and the query compiler with it, takes longer
 * than opening the database, and many a process never needs it.
 */
export class PrismaClientLoader {
  readonly #adapter: SqlDriverAdapterFactory;
  #client: Promise<PrismaClient> | undefined;

  constructor(adapter: SqlDriverAdapterFactory) {
    this.#adapter = adapter;
  }

  /** Lends the client to `work`, whose statements `observe` is told of. */
  async lend<T>(work: (client: PrismaClient) => Promise<T>, observe?: StatementObserver): Promise<T> {
    this.#client ??= this.#load();
    const client = await this.#client;
    return statementObservers.run(observe, () => work(client));
  }

  async dispose(): Promise<void> {
    const client = await this.#client;
    this.#client = undefined;
    await client?.$disconnect();
  }

  async #load(): Promise<PrismaClient> {
    const { PrismaClient } = await import('../generated/prisma/client.js');
    return new PrismaClient({ adapter: this.#adapter, errorFormat: 'minimal' });
  }
}

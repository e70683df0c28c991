import type { PrismaClient } from '../generated/prisma/client';
import type { StatementObserver } from './executor';
import { statementObservers } from './statement-observers';

/**
 * Prisma Client over an engine's driver adapter, made at its first use: loading it, and the query compiler with it, takes longer
 * than opening the database, and many a process never needs it.
 */
export class PrismaClientLoader {
  readonly #load: () => Promise<PrismaClient>;
  #client: Promise<PrismaClient> | undefined;

  constructor(load: () => Promise<PrismaClient>) {
    this.#load = load;
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
}

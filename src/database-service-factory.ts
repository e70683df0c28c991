import { isDeepStrictEqual } from 'node:util';
import { assertResettable, resetDatabase } from './client/reset-database';
import { DatabaseService, optionsOf } from './database-service';
import { Failure } from './errors/failure';
import { toDatabaseError, type Operation } from './errors/operation';
import type { DatabaseOptions } from './options/types';
import { resolveOptions, type ResolvedOptions } from './options/resolve-options';

interface Instance {
  /** As they were read when it was made, whatever has become of the caller's object since. */
  readonly options: ResolvedOptions;
  readonly ready: Promise<DatabaseService>;
}

/** Gives a process one database service that all of its parts share. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the form that the seed's callers know
export class DatabaseServiceFactory {
  static #instance: Instance | undefined;
  static #resetting: Promise<void> | undefined;

  /**
   * The one instance of this process, initialized. The first call makes it; concurrent first calls get the same one. A
   * start that failed is forgotten, so the next call tries again.
   *
   * @param options - those of the first call count; later calls may leave them out or repeat them.
   * @throws INVALID_OPTIONS for options other than those of the live instance, and whatever `initialize` throws.
   */
  static async getInstance(options?: DatabaseOptions): Promise<DatabaseService> {
    while (this.#resetting !== undefined) await this.#resetting.catch(() => undefined);
    const live = this.#instance;
    if (live !== undefined) {
      await named('initialize', () => checkSameOptions(options, live.options));
      const service = await live.ready;
      // Does nothing unless somebody has closed it since.
      await service.initialize();
      return service;
    }
    const service = new DatabaseService(options);
    const instance: Instance = { options: optionsOf(service), ready: start(service) };
    this.#instance = instance;
    try {
      return await instance.ready;
    } catch (error) {
      if (this.#instance === instance) this.#instance = undefined;
      throw error;
    }
  }

  /**
   * For tests: closes the instance, forgets it and its options, and removes its SQLite file with its `-wal` and `-shm`; on
   * PostgreSQL it deletes all records, and leaves the schema. Where there is no instance it does nothing: a stray call
   * must not delete what it was never told of.
   *
   * @throws CONFLICT inside a transaction of the instance; INVALID_OPTIONS on PostgreSQL without the option `allowReset`,
   * and nothing has happened.
   */
  static resetDatabase(): Promise<void> {
    this.#resetting ??= this.#reset().finally(() => (this.#resetting = undefined));
    return this.#resetting;
  }

  static async #reset(): Promise<void> {
    const instance = this.#instance;
    if (instance === undefined) return;
    const service = await instance.ready.catch(() => undefined);
    // What could not be opened may be no database at all.
    if (service === undefined) return;
    const { options } = instance;
    await named('reset', () => assertResettable(options));
    await service.close();
    if (this.#instance === instance) this.#instance = undefined;
    await named('reset', () => resetDatabase(options));
  }
}

async function start(service: DatabaseService): Promise<DatabaseService> {
  await service.initialize();
  return service;
}

function checkSameOptions(options: DatabaseOptions | undefined, live: ResolvedOptions): void {
  if (options === undefined || isDeepStrictEqual(resolveOptions(options), live)) return;
  throw new Failure('INVALID_OPTIONS', 'the instance of this process was made with other options');
}

async function named(operation: Operation, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw toDatabaseError(operation, error);
  }
}

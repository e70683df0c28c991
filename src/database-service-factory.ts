import { isDeepStrictEqual } from 'node:util';
import { assertResettable, resetDatabase } from './reset-database';
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
      // Does nothing unless it was closed meanwhile.
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
   * For tests: closes the instance, discards it and its options, and removes its SQLite file with its `-wal` and
   * `-shm`. On PostgreSQL it deletes all records, and keeps the schema. Without an instance it does the same to the
   * database that `options` name. Keeps a symbolic link, and removes the files behind it.
   *
   * @param options - as for `getInstance`. Default: those of the instance; without an instance, the default database.
   * @throws INVALID_OPTIONS on PostgreSQL without the option `allowReset`, for a database that is not one of this
   * package, or for another database than that of the live instance; BUSY when another connection has the SQLite file
   * open for longer than `busyTimeoutMs`; CONFLICT inside a transaction of the instance. Nothing is deleted in these
   * cases.
   * @example beforeEach(() => DatabaseServiceFactory.resetDatabase({ url: 'file:./test.sqlite' }));
   */
  static resetDatabase(options?: DatabaseOptions): Promise<void> {
    const previous = this.#resetting ?? Promise.resolve();
    const resetting = previous
      .catch(() => undefined)
      .then(() => this.#reset(options))
      .finally(() => {
        if (this.#resetting === resetting) this.#resetting = undefined;
      });
    this.#resetting = resetting;
    return resetting;
  }

  static async #reset(options: DatabaseOptions | undefined): Promise<void> {
    const instance = this.#instance;
    const service = await instance?.ready.catch(() => undefined);
    // A path that could not be opened may not be a database.
    if (instance !== undefined && service === undefined && options === undefined) return;
    await named('reset', async () => {
      const live = service === undefined ? undefined : instance?.options;
      const target = resolveReset(options, live);
      assertResettable(target);
      await service?.close();
      await resetDatabase(target);
    });
    // Kept until then: after a failure, the next call without options must not use the default database.
    if (this.#instance === instance) this.#instance = undefined;
  }
}

/** Returns the options of the database to reset. */
function resolveReset(options: DatabaseOptions | undefined, live: ResolvedOptions | undefined): ResolvedOptions {
  if (live === undefined) return resolveOptions(options ?? {});
  if (options === undefined) return live;
  const given = resolveOptions(options);
  if (isDeepStrictEqual(given.location, live.location)) {
    return { ...given, allowReset: given.allowReset || live.allowReset };
  }
  throw new Failure('INVALID_OPTIONS', 'url must be that of the existing instance: reset that instance first', {
    field: 'url',
  });
}

async function start(service: DatabaseService): Promise<DatabaseService> {
  await service.initialize();
  return service;
}

function checkSameOptions(options: DatabaseOptions | undefined, live: ResolvedOptions): void {
  if (options === undefined || isDeepStrictEqual(resolveOptions(options), live)) return;
  throw new Failure(
    'INVALID_OPTIONS',
    'options must equal those of the existing instance: pass none, or reset the instance first',
  );
}

async function named(operation: Operation, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw toDatabaseError(operation, error);
  }
}

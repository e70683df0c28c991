import { isDeepStrictEqual } from 'node:util';
import { assertResettable, resetDatabase } from './reset-database';
import { DatabaseService, optionsOf } from './database-service';
import { Failure } from './errors/failure';
import { toDatabaseError, type Operation } from './errors/operation';
import type { DatabaseOptions } from './options/types';
import { resolveOptions, type ResolvedOptions } from './options/resolve-options';

interface Instance {
  /**
   * Options of the first `getInstance` call. They are a copy, so later changes to the caller's object have no effect.
   */
  readonly options: ResolvedOptions;
  readonly ready: Promise<DatabaseService>;
}

/** Creates the one database service that all parts of a process share. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- callers use its static methods
export class DatabaseServiceFactory {
  static #instance: Instance | undefined;
  static #resetting: Promise<void> | undefined;

  /**
   * Returns the only database service of this process, initialized. The first call creates the instance. Concurrent
   * first calls get the same instance. After a failed start, the next call tries again.
   *
   * @param options - options of the instance. Later calls omit them or pass equal ones.
   * @throws INVALID_OPTIONS when the options differ from those of the existing instance; the errors of `initialize()`.
   * @example
   * ```ts
   * const db = await DatabaseServiceFactory.getInstance({ url: 'file:./directory.sqlite' });
   * const agents = await db.agents.count();
   * ```
   */
  static async getInstance(options?: DatabaseOptions): Promise<DatabaseService> {
    while (this.#resetting !== undefined) await this.#resetting.catch(() => undefined);
    const live = this.#instance;
    if (live !== undefined) {
      await runAs('initialize', () => checkSameOptions(options, live.options));
      const service = await live.ready;
      // Opens the service again if the application has closed it meanwhile. Otherwise does nothing.
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
   * Resets the database, for tests only. Closes and discards the instance. Then removes the SQLite file of the
   * instance, with the files `-wal`, `-shm` and `-journal` beside it. On PostgreSQL, deletes all records and keeps the
   * schema. Without an instance, does the same to the database that `options` name. If the path of the file is a
   * symbolic link, removes the target of the link and keeps the link.
   *
   * @param options - as for `getInstance`. Default: those of the instance; without an instance, the default database.
   * @throws INVALID_OPTIONS when the database is PostgreSQL and `allowReset` is not set, when this package did not create
   * the database, or when `options` name another database than the instance uses. BUSY when another connection has the
   * SQLite file open for longer than `busyTimeoutMs`. CONFLICT inside a transaction of the instance. Nothing is deleted
   * when one of these errors is thrown.
   * @example
   * ```ts
   * await DatabaseServiceFactory.resetDatabase({ url: 'file:./test.sqlite' });
   * const db = await DatabaseServiceFactory.getInstance({ url: 'file:./test.sqlite' });
   * ```
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
    // Removes nothing if the instance could not be opened, because its file may not be a database.
    if (instance !== undefined && service === undefined && options === undefined) return;
    await runAs('reset', async () => {
      const live = service === undefined ? undefined : instance?.options;
      const target = resolveReset(options, live);
      assertResettable(target);
      await service?.close();
      await resetDatabase(target);
    });
    // Discards the instance last. If the reset fails, the next call without options still gets the options of the
    // instance.
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

/** Returns the result of `work`. Converts an error that `work` throws to a `DatabaseError` of `operation`. */
async function runAs(operation: Operation, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw toDatabaseError(operation, error);
  }
}

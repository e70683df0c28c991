import type { Operation } from '../errors/operation';
import { Failure } from '../errors/failure';
import type { ReadOptions } from '../options/read-options';
import type { EngineName } from '../storage/engine';
import type { Executor } from '../storage/executor';
import type { Lookup, StoredRecord } from '../storage/lookup';
import type { Session } from '../storage/session';

/** Database session that refuses every call that may write, and all SQL of the application. */
export class ReadOnlySession implements Session {
  readonly isTransaction: boolean;
  readonly engine: EngineName;
  readonly #session: Session;

  constructor(session: Session) {
    this.isTransaction = session.isTransaction;
    this.engine = session.engine;
    this.#session = session;
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    return this.#session.read(operation, options, work);
  }

  readRecord<T extends StoredRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null> {
    return this.#session.readRecord(operation, options, find);
  }

  write<T>(operation: Operation): Promise<T> {
    return this.#session.read<T>(operation, undefined, () => Promise.reject(readOnly()));
  }

  withNative(): Promise<never> {
    return Promise.reject(readOnly());
  }
}

function readOnly(): Failure {
  return new Failure('PERMISSION_DENIED', "the scope has only read access: open it with access 'write'");
}

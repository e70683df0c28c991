import type { Operation } from '../errors/operation';
import type { ReadOptions } from '../options/read-options';
import type { EngineName } from './engine';
import type { Executor } from './executor';
import type { NativeAccess } from './native-access';
import type { Lookup, StoredRecord } from './lookup';

/**
 * Connects the services to a database, or to one of its transactions. Every method rejects with a `DatabaseError`,
 * unless its docstring says otherwise.
 */
export interface Session {
  /** True when all calls of this session are part of one transaction. */
  readonly isTransaction: boolean;
  readonly engine: EngineName;
  /**
   * Runs `work` as a call that only reads. `options` are the unchecked options of the caller; this method checks them.
   */
  read<T>(operation: Operation, options: ReadOptions | undefined, work: (executor: Executor) => Promise<T>): Promise<T>;
  /**
   * Reads the record of a lookup. Outside transactions, reads it through the cache. `find` checks the argument of the
   * caller and returns the lookup.
   */
  readRecord<T extends StoredRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null>;
  /** Runs `work` as a call that may write. */
  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T>;
  /**
   * Runs `work` with the SQL access of the database, or of the transaction in whose callback the caller runs. Throws
   * the errors of `work` unchanged.
   */
  withNative<T>(work: (native: NativeAccess) => Promise<T>): Promise<T>;
}

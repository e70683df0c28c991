import type { Operation } from '../errors/operation';
import type { ReadOptions } from '../options/read-options';
import type { EngineName } from './engine';
import type { Executor } from './executor';
import type { NativeAccess } from './native-access';
import type { Lookup, StoredRecord } from './lookup';

/**
 * Connects the services to a database, or to one of its transactions. The methods reject with a `DatabaseError`, unless
 * their documentation says otherwise.
 */
export interface Session {
  /** True when all calls of this session are part of one transaction. */
  readonly isTransaction: boolean;
  readonly engine: EngineName;
  /**
   * Runs `work`, the implementation of a call that only reads.
   *
   * @param options - options as the caller gave them. This method checks them.
   */
  read<T>(operation: Operation, options: ReadOptions | undefined, work: (executor: Executor) => Promise<T>): Promise<T>;
  /**
   * Reads a record by a key. Uses the record cache outside transactions.
   *
   * @param find - checks the argument of the caller, and returns the lookup of the record.
   */
  readRecord<T extends StoredRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null>;
  /** Runs `work`, the implementation of a call that may write. */
  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T>;
  /**
   * Runs `work` with access to the SQL of the database. Inside a `db.transaction` callback, the SQL is part of the
   * transaction. Throws the errors of `work` unchanged.
   */
  withNative<T>(work: (native: NativeAccess) => Promise<T>): Promise<T>;
}

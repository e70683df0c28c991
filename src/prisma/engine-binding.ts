import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
} from '@prisma/driver-adapter-utils';
import type { Failure } from '../errors/failure';
import type { TransactionIsolation } from '../options/transaction-options';
import type { NativeAccess } from '../storage/native-access';

/** Functions for one engine that Prisma's driver adapter needs. `C` is a connection of the engine's driver. */
export interface EngineBinding<C> {
  readonly info: Pick<SqlDriverAdapterFactory, 'provider' | 'adapterName'>;
  /** Returns the limits of a connection, and the name of its schema. */
  connectionInfo(native: NativeAccess): Promise<ConnectionInfo>;
  /** Converts Prisma's isolation level to the one of this package; throws when the engine does not support it. */
  toIsolation(level: IsolationLevel | undefined): TransactionIsolation;
  /** Runs a query inside the transaction of `native`. Without a transaction, the query is a transaction of its own. */
  query(native: NativeAccess, query: SqlQuery): Promise<SqlResultSet>;
  /** Runs a statement like {@link query}, and returns the number of changed rows. */
  execute(native: NativeAccess, query: SqlQuery): Promise<number>;
  /**
   * Runs `work` inside the transaction of `native`. Other calls of this transaction wait meanwhile. If `work` fails,
   * its changes are rolled back.
   */
  exclusive<T>(native: NativeAccess, work: (connection: C) => Promise<T>): Promise<T>;
  /** Throws when {@link NativeAccess} refuses the query, for example because it writes to a table of this package. */
  assertAllowed(native: NativeAccess, connection: C, query: SqlQuery): void;
  queryOn(connection: C, query: SqlQuery): SqlResultSet | Promise<SqlResultSet>;
  executeOn(connection: C, query: SqlQuery): number | Promise<number>;
  /** Runs a command that has no parameters and no results, such as SAVEPOINT. */
  command(connection: C, sql: string): void | Promise<void>;
  /** Converts any error into a failure. */
  classify(error: unknown): Failure;
  /** Converts an error of the driver to an error that Prisma understands. Returns any other error unchanged. */
  toPrismaError(error: unknown): unknown;
}

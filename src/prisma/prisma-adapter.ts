import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { sessionOf } from '../database-operations';
import type { DatabaseService } from '../database-service';
import { driverErrorOf } from '../errors/driver-error';
import { Failure } from '../errors/failure';
import { Prisma } from '../generated/prisma/client';
import { DatabaseSession } from '../runtime/session';
import type { NativeAccess } from '../storage/native-access';
import type { Session } from '../storage/session';
import type { TransactionScope } from '../transaction-scope';
import type { EngineBinding } from './engine-binding';
import { postgresqlBinding } from './postgresql-binding';
import { sqliteBinding } from './sqlite-binding';
import type { TimestampFormat } from './sqlite-values';

/** Options of {@link prismaAdapter}. */
export interface PrismaAdapterOptions {
  /**
   * Form in which times are stored on SQLite. `milliseconds`: integers since 1970, as in the tables of this package.
   * `iso8601`: text, which is Prisma's default and suits an application's own tables. PostgreSQL ignores the option.
   *
   * @defaultValue `'milliseconds'`
   */
  timestampFormat?: TimestampFormat | undefined;
}

/**
 * Returns Prisma's driver adapter for a database, or for one transaction. Create one client and use it until the
 * database is closed, because constructing a client takes milliseconds.
 *
 * Outside `db.transaction`, the client reads the committed state, and each of its writes is a separate transaction.
 * Inside the callback of `db.transaction`, a client of `db` is part of the transaction. An interactive transaction of
 * the client outside `db.transaction` uses a separate connection; on SQLite it blocks all other writes until it ends.
 *
 * The client can read the tables of this package, but not write to them. Such a write would bypass the change feed, the
 * event chain and the cache, so it fails with PERMISSION_DENIED.
 *
 * @example
 * ```ts
 * const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
 * const active = await prisma.agent.count({ where: { status: 'ACTIVE' } });
 * ```
 */
export function prismaAdapter(
  owner: DatabaseService | TransactionScope,
  { timestampFormat = 'milliseconds' }: PrismaAdapterOptions = {},
): SqlDriverAdapterFactory {
  const session = sessionOf(owner);
  return session.engine === 'postgresql'
    ? adapterFactory(session, postgresqlBinding())
    : adapterFactory(session, sqliteBinding(timestampFormat));
}

/**
 * Returns an adapter that runs Prisma's queries on a database session. Tests use it with a session that has no
 * services.
 */
export function adapterFactory<C>(session: Session, binding: EngineBinding<C>): SqlDriverAdapterFactory {
  return { ...binding.info, connect: () => connect(session, binding) };
}

async function connect<C>(session: Session, binding: EngineBinding<C>): Promise<SqlDriverAdapter> {
  const info = await session.withNative((native) => binding.connectionInfo(native));
  const converted = <T>(work: (native: NativeAccess) => Promise<T>): Promise<T> =>
    withPrismaErrors(binding, () => session.withNative(work));
  return {
    ...binding.info,
    queryRaw: (query) => converted((native) => binding.query(native, query)),
    executeRaw: (query) => converted((native) => binding.execute(native, query)),
    executeScript: () =>
      Promise.reject(new Failure('INVALID_INPUT', 'scripts cannot be run through the adapter: send one statement')),
    startTransaction: async (level) => startTransaction(session, binding, binding.toIsolation(level)),
    getConnectionInfo: () => info,
    dispose: () => Promise.resolve(),
  };
}

async function withPrismaErrors<C, T>(binding: EngineBinding<C>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw binding.toPrismaError(error);
  }
}

/** Error that is thrown to roll back a transaction when Prisma requests the rollback. */
const rolledBack = new Error('rolled back');

/**
 * Begins a transaction that lasts until Prisma ends it. Inside the callback of `db.transaction`, the new transaction is
 * a savepoint of the outer one.
 */
function startTransaction<C>(
  session: Session,
  binding: EngineBinding<C>,
  isolation: ReturnType<EngineBinding<C>['toIsolation']>,
): Promise<Transaction> {
  return new Promise((resolve, reject) => {
    let isStarted = false;
    const hold = (native: NativeAccess): Promise<void> =>
      binding.exclusive(native, (connection) => {
        // The session runs this callback again after a conflict or a fail-over, but Prisma cannot repeat its queries.
        // Therefore the repetition fails with an error that asks the application to repeat the transaction.
        if (isStarted) {
          throw new DriverAdapterError({ ...writeConflict, originalMessage: 'the transaction has to be repeated' });
        }
        isStarted = true;
        return new Promise<void>((commit, rollback) => {
          resolve(toTransaction(binding, native, connection, { commit, rollback, ended: () => ended }));
        });
      });
    const isOutside = session instanceof DatabaseSession && !session.isInsideTransaction();
    const done = isOutside
      ? session.transaction((transaction) => transaction.withNative(hold), { isolation })
      : session.withNative(hold);
    const ended = done.catch((error: unknown) => {
      throw toTransactionError(binding, error);
    });
    // `reject` has no effect after the transaction has begun: then `commit` or `rollback` reports the error.
    ended.catch(reject);
  });
}

/** Error that Prisma Client reports with the code P2034, which asks the application to repeat the transaction. */
const writeConflict = { kind: 'TransactionWriteConflict' } as const;

/** Converts the error of a transaction that could not begin or end to an error that Prisma understands. */
function toTransactionError<C>(binding: EngineBinding<C>, error: unknown): Error {
  const cause = driverErrorOf(error) ?? error;
  const { code, message, isSerializationConflict } = binding.classify(cause);
  if (isSerializationConflict || code === 'BUSY')
    return new DriverAdapterError({ ...writeConflict, originalMessage: message });
  const converted = binding.toPrismaError(cause);
  return converted instanceof Error ? converted : new Error(String(converted));
}

/**
 * Converts a conflict at COMMIT to an error that Prisma Client reports with the code P2034. Returns any other error
 * unchanged. Prisma Client itself converts only the conflicts of queries.
 */
function toCommitError(error: unknown): unknown {
  if (!(error instanceof DriverAdapterError) || error.cause.kind !== writeConflict.kind) return error;
  const message = 'Transaction failed due to a write conflict or a deadlock. Please retry your transaction';
  const { client: clientVersion } = Prisma.prismaVersion;
  const meta = { driverAdapterError: error };
  return new Prisma.PrismaClientKnownRequestError(message, { code: 'P2034', clientVersion, meta });
}

/** Functions that end a transaction of Prisma. */
interface TransactionEnd {
  readonly commit: () => void;
  readonly rollback: (reason: Error) => void;
  /** Returns a promise that settles when the transaction has ended in the database. */
  readonly ended: () => Promise<void>;
}

function toTransaction<C>(
  binding: EngineBinding<C>,
  native: NativeAccess,
  connection: C,
  { commit, rollback, ended }: TransactionEnd,
): Transaction {
  const command = (sql: string): Promise<void> =>
    withPrismaErrors(binding, async () => binding.command(connection, sql));
  return {
    ...binding.info,
    // Makes Prisma not send COMMIT and ROLLBACK itself, because the session sends them.
    options: { usePhantomQuery: true },
    queryRaw: (query) =>
      withPrismaErrors(binding, async () => {
        binding.assertAllowed(native, connection, query);
        return binding.queryOn(connection, query);
      }),
    executeRaw: (query) =>
      withPrismaErrors(binding, async () => {
        binding.assertAllowed(native, connection, query);
        return binding.executeOn(connection, query);
      }),
    commit: () => {
      commit();
      return ended().catch((error: unknown) => {
        throw toCommitError(error);
      });
    },
    rollback: () => {
      rollback(rolledBack);
      return ended().catch((error: unknown) => {
        if (error !== rolledBack) throw error;
      });
    },
    // Prisma generates the names of savepoints from a letter and a number, so they need no escaping.
    createSavepoint: (name) => command(`SAVEPOINT "${name}"`),
    rollbackToSavepoint: (name) => command(`ROLLBACK TO "${name}"`),
    releaseSavepoint: (name) => command(`RELEASE "${name}"`),
  };
}

import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable } from '@prisma/driver-adapter-utils';
import { Pool, type PoolClient, type QueryConfig } from 'pg';
import { nestTransactions } from '../../runtime/nested-transactions';
import { tellObserver } from '../../runtime/statement-observers';

/** Prisma's way to a pool of connections, whose owner closes it. */
export function createPostgresqlAdapterFactory(pool: Pool, schema: string | undefined): SqlDriverAdapterFactory {
  const factory = new PrismaPg(pool, schema === undefined ? {} : { schema });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = observed(await factory.connect());
      const startTransaction = adapter.startTransaction.bind(adapter);
      adapter.startTransaction = async (isolation) => observed(await startTransaction(isolation));
      return adapter;
    },
  };
}

/** Prisma's way to a transaction that is open already: all that comes through it is part of that transaction. */
export function createPostgresqlTransactionAdapterFactory(
  client: PoolClient,
  schema: string | undefined,
): SqlDriverAdapterFactory {
  const factory = new PrismaPg(poolOf(client), schema === undefined ? {} : { schema });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = observed(await factory.connect());
      return nestTransactions({
        provider: adapter.provider,
        adapterName: adapter.adapterName,
        queryRaw: (query) => adapter.queryRaw(query),
        executeRaw: (query) => adapter.executeRaw(query),
        executeScript: async (script) => {
          await client.query(script);
        },
        getConnectionInfo: () => adapter.getConnectionInfo(),
        // The isolation that Prisma requests is never stricter than that of the transaction.
        checkIsolation: () => undefined,
      });
    },
  };
}

/** A pool of one connection, which is in use: the official adapter takes nothing but a pool. */
function poolOf(client: PoolClient): Pool {
  // It calls `query` and listens for errors, which the prototype is enough for; a constructed pool would connect.
  return Object.create(Pool.prototype, {
    query: { value: (config: QueryConfig) => client.query(config) },
    options: { value: {} },
  }) as Pool;
}

/** Reports the statements that Prisma Client sends through `queryable` to the observer. Changes `queryable`. */
function observed<T extends SqlQueryable>(queryable: T): T {
  const queryRaw = queryable.queryRaw.bind(queryable);
  const executeRaw = queryable.executeRaw.bind(queryable);
  queryable.queryRaw = async (query) => {
    const start = performance.now();
    const result = await queryRaw(withZones(query));
    tellObserver(query.sql, { rows: result.rows, changes: 0 }, start);
    return result;
  };
  queryable.executeRaw = async (query) => {
    const start = performance.now();
    const changes = await executeRaw(withZones(query));
    tellObserver(query.sql, { rows: [], changes }, start);
    return changes;
  };
  return queryable;
}

// The official adapter sends times without a zone, which the server takes to be the session's.
function withZones(query: SqlQuery): SqlQuery {
  const isTime = query.argTypes.map(({ scalarType, arity }) => scalarType === 'datetime' && arity === 'scalar');
  if (!isTime.includes(true)) return query;
  return {
    ...query,
    // Prisma Client gives a time in one of these forms.
    args: query.args.map((arg, index) =>
      isTime[index] === true && arg !== null ? new Date(arg as string | Date).toISOString() : arg,
    ),
    argTypes: query.argTypes.map((type, index) => (isTime[index] === true ? { ...type, scalarType: 'string' } : type)),
  };
}

import { PrismaPg } from '@prisma/adapter-pg';
import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import { Pool, type PoolClient, type QueryConfig } from 'pg';
import { classifyPostgresqlError } from '../engines/postgresql/errors/classify';
import { PostgresqlNativeAccess } from '../engines/postgresql/native-access';
import { assertForeignTarget } from '../engines/postgresql/write-target';
import { Failure } from '../errors/failure';
import type { NativeAccess } from '../storage/native-access';
import type { EngineBinding } from './engine-binding';

/**
 * Maximum number of parameters of one SQL statement. This is Prisma Client's own limit for PostgreSQL; the PostgreSQL
 * protocol allows 65,535.
 */
const maxBindValues = 32_766;

const settingsSql = `SELECT current_schema() AS schema,
  current_setting('DateStyle') LIKE 'ISO%' AND now()::text LIKE '%+00' AS readable`;

/**
 * Returns the binding of Prisma's driver adapter for PostgreSQL. It runs Prisma's official adapter on the connections
 * of this package.
 */
export function postgresqlBinding(): EngineBinding<PoolClient> {
  const adapters = new WeakMap<PoolClient, Promise<SqlDriverAdapter>>();
  const adapterOf = (client: PoolClient): Promise<SqlDriverAdapter> => {
    let adapter = adapters.get(client);
    if (adapter === undefined) {
      adapter = new PrismaPg(poolOf(client)).connect();
      adapters.set(client, adapter);
    }
    return adapter;
  };
  const queryOn = async (client: PoolClient, query: SqlQuery): Promise<SqlResultSet> =>
    (await adapterOf(client)).queryRaw(withZones(query));
  const executeOn = async (client: PoolClient, query: SqlQuery): Promise<number> =>
    (await adapterOf(client)).executeRaw(withZones(query));
  return {
    info: { provider: 'postgres', adapterName: 'ans-database' },
    connectionInfo: async (native) => {
      const [row] = await native.query(settingsSql, []);
      if (row?.['readable'] !== true) throw unreadableTimes();
      // Prisma Client qualifies the names of tables with this schema.
      const schemaName = typeof row['schema'] === 'string' ? row['schema'] : 'public';
      return { schemaName, maxBindValues, supportsRelationJoins: true };
    },
    toIsolation: (level) => {
      if (level === 'SERIALIZABLE') return 'serializable';
      if (level !== 'SNAPSHOT') return 'snapshot';
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level });
    },
    query: (native, query) => accessOf(native).run(query.sql, (client) => queryOn(client, query)),
    execute: (native, query) => accessOf(native).run(query.sql, (client) => executeOn(client, query)),
    exclusive: (native, work) => accessOf(native).exclusive(work),
    assertAllowed: (_native, _client, { sql }) => {
      assertForeignTarget(sql);
    },
    queryOn,
    executeOn,
    command: async (client, sql) => {
      await client.query(sql);
    },
    classify: classifyPostgresqlError,
    // Returns the error unchanged, because Prisma's official adapter has already converted it.
    toPrismaError: (error) => error,
  };
}

function accessOf(native: NativeAccess): PostgresqlNativeAccess {
  if (native instanceof PostgresqlNativeAccess) return native;
  throw new Failure('INTERNAL', 'the database is not on PostgreSQL');
}

// Creates the failure for a connection pooler whose sessions have another DateStyle or time zone. This package cannot
// change these settings, because other clients of the pooler share its connections.
function unreadableTimes(): Failure {
  const message =
    'Prisma Client needs the settings DateStyle = ISO and TimeZone = UTC behind a pooler: set them with ALTER ROLE';
  return new Failure('INVALID_OPTIONS', message, { field: 'url' });
}

/**
 * Returns an object that resembles a pool and runs all queries on `client`. The official adapter accepts only a pool.
 */
function poolOf(client: PoolClient): Pool {
  // The prototype of Pool is enough, because the official adapter only calls `query` and listens for errors. A real
  // pool would run queries on other connections.
  return Object.create(Pool.prototype, {
    query: { value: (config: QueryConfig) => client.query(config) },
    options: { value: {} },
  }) as Pool;
}

// Adds the time zone UTC to the times of a query. The official adapter sends times without a zone, so the server would
// use the time zone of the session.
function withZones(query: SqlQuery): SqlQuery {
  const isTime = query.argTypes.map(({ scalarType, arity }) => scalarType === 'datetime' && arity === 'scalar');
  if (!isTime.includes(true)) return query;
  return {
    ...query,
    // The cast is safe: Prisma Client passes a time as a string or as a Date.
    args: query.args.map((arg, index) =>
      isTime[index] === true && arg !== null ? new Date(arg as string | Date).toISOString() : arg,
    ),
    argTypes: query.argTypes.map((type, index) => (isTime[index] === true ? { ...type, scalarType: 'string' } : type)),
  };
}

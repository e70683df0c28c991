import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';

/** Query for the version of the server. The schema engine always sends it first, even when it needs nothing else. */
const versionQuery = 'SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version()';

/**
 * Answer to the query for the server's version. It names the oldest supported version, because statements for this
 * version also run on all later versions.
 */
const versionAnswer: SqlResultSet = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
  rows: [[true, 'PostgreSQL 15.0', 150_000]],
};

/** Returns a factory that replaces the server for comparisons of files, which need no server. */
export function offlinePostgresql(schemaName: string): SqlMigrationAwareDriverAdapterFactory {
  const names = { provider: 'postgres', adapterName: 'ans-database' } as const;
  const refuse = () => Promise.reject(new Error('This command does not connect to the database'));
  const adapter: SqlDriverAdapter = {
    ...names,
    getConnectionInfo: () => ({ schemaName, supportsRelationJoins: true }),
    queryRaw: ({ sql }: SqlQuery) => (sql.startsWith(versionQuery) ? Promise.resolve(versionAnswer) : refuse()),
    executeRaw: refuse,
    executeScript: refuse,
    startTransaction: refuse,
    dispose: () => Promise.resolve(),
  };
  return { ...names, connect: () => Promise.resolve(adapter), connectToShadowDb: refuse };
}

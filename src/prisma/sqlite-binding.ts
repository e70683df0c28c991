import { DriverAdapterError, type SqlQuery, type SqlResultSet } from '@prisma/driver-adapter-utils';
import type { SqliteConnection } from '../engines/sqlite/connection';
import { classifySqliteError } from '../engines/sqlite/errors/classify';
import { SqliteNativeAccess } from '../engines/sqlite/native-access';
import { Failure } from '../errors/failure';
import type { NativeAccess } from '../storage/native-access';
import type { EngineBinding } from './engine-binding';
import { toDriverAdapterError } from './sqlite-errors';
import { toColumnTypes, toPrismaRow, toSqliteValue, type TimestampFormat } from './sqlite-values';

/** Maximum number of parameters of one SQL statement in the SQLite library of better-sqlite3. */
const maxBindValues = 32_766;

/** Returns the functions by which Prisma's driver adapter works with SQLite. */
export function sqliteBinding(timestampFormat: TimestampFormat): EngineBinding<SqliteConnection> {
  const valuesOf = ({ args, argTypes }: SqlQuery): unknown[] =>
    args.map((argument, index) => toSqliteValue(argument, argTypes[index], timestampFormat));
  return {
    info: { provider: 'sqlite', adapterName: 'ans-database' },
    connectionInfo: () => Promise.resolve({ maxBindValues, supportsRelationJoins: false }),
    toIsolation: (level) => {
      if (level === undefined || level === 'SERIALIZABLE') return 'serializable';
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level });
    },
    query: (native, query) =>
      accessOf(native).run(query.sql, query.args.length, (connection) =>
        queryOn(connection, query.sql, valuesOf(query)),
      ),
    execute: (native, query) =>
      accessOf(native).run(query.sql, query.args.length, (connection) =>
        executeOn(connection, query.sql, valuesOf(query)),
      ),
    exclusive: (native, work) => accessOf(native).exclusive(work),
    assertAllowed: (native, connection, query) => {
      accessOf(native).assertAllowed(connection, query.sql, query.args.length);
    },
    queryOn: (connection, query) => queryOn(connection, query.sql, valuesOf(query)),
    executeOn: (connection, query) => executeOn(connection, query.sql, valuesOf(query)),
    command: ({ driver }, sql) => {
      driver.exec(sql);
    },
    classify: classifySqliteError,
    toPrismaError: toDriverAdapterError,
  };
}

function accessOf(native: NativeAccess): SqliteNativeAccess {
  if (native instanceof SqliteNativeAccess) return native;
  throw new Failure('INTERNAL', 'the database is not on SQLite');
}

function executeOn(connection: SqliteConnection, sql: string, values: readonly unknown[]): number {
  return connection.prepareForPrisma(sql).run(...values).changes;
}

function queryOn(connection: SqliteConnection, sql: string, values: readonly unknown[]): SqlResultSet {
  const statement = connection.prepareForPrisma(sql);
  if (!statement.reader) {
    statement.run(...values);
    return { columnNames: [], columnTypes: [], rows: [] };
  }
  const rows = statement.all(...values);
  // Reads the columns after the statement has run. SQLite compiles a statement again when the schema has changed, and
  // then the columns may differ.
  const columns = statement.columns();
  const columnTypes = toColumnTypes(
    columns.map(({ type }) => type),
    rows,
  );
  return {
    columnNames: columns.map(({ name }) => name),
    columnTypes,
    rows: rows.map((row) => toPrismaRow(row, columnTypes)),
  };
}

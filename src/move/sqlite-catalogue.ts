import type { DriverConnection } from '../engines/sqlite/driver/driver';
import { MoveError } from './move-error';
import type { Column, Reference, Table } from './table';

const kinds: Readonly<Record<string, Column['kind']>> = {
  TEXT: 'text',
  INTEGER: 'integer',
  BIGINT: 'integer',
  BOOLEAN: 'boolean',
  DATETIME: 'time',
};

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  /** Position of the column in the primary key, from 1; 0 for a column that is not in the primary key. */
  readonly place: number;
}

/**
 * Returns the named tables that exist in a SQLite database, by name. The columns of each table are sorted by name.
 *
 * @throws MoveError when a table has no primary key, or has a column of an unsupported type.
 */
export function readSqliteTables(connection: DriverConnection, names: readonly string[]): Table[] {
  const schemas = connection.prepare<{ readonly name: string; readonly sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name",
  );
  const columns = connection.prepare<ColumnInfo>(
    'SELECT name, type, pk AS place FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY name',
  );
  return schemas
    .all()
    .filter(({ name }) => names.includes(name))
    .map(({ name, sql }) => {
      const infos = columns.all(name);
      const keyed = infos.filter(({ place }) => place > 0).sort((one, other) => one.place - other.place);
      if (keyed.length === 0) throw new MoveError(`table ${name} has no primary key, whose order the comparison needs`);
      const key = keyed.map((column) => column.name);
      const isNumbered = /\bAUTOINCREMENT\b/i.test(sql);
      return {
        name,
        columns: infos.map((column) => toColumn(name, column, isNumbered && key.includes(column.name))),
        key,
        references: referencesOf(connection, name),
      };
    });
}

function referencesOf(connection: DriverConnection, table: string): Reference[] {
  const parts = connection
    .prepare<{ readonly id: number; readonly to: string; readonly column: string }>(
      'SELECT id, "table" AS "to", "from" AS column FROM pragma_foreign_key_list(?) ORDER BY id, seq',
    )
    .all(table);
  return [...new Set(parts.map(({ id }) => id))].map((id) => {
    const own = parts.filter((part) => part.id === id);
    return { table: own[0]?.to ?? '', columns: own.map(({ column }) => column) };
  });
}

function toColumn(table: string, { name, type }: ColumnInfo, isNumbered: boolean): Column {
  const kind = kinds[type.toUpperCase()];
  if (kind === undefined) throw new MoveError(`${table}.${name} has the unsupported type ${type}`);
  return { name, kind, isNumbered };
}

import type { DriverConnection } from '../engines/sqlite/driver/driver';
import { fromSqlite, UnmovableError } from './sqlite-value';
import { quote, toRowError, type Column, type Row, type Table } from './table';

/** Replacement character U+FFFD, which the driver returns in place of invalid UTF-8. */
const replacementCharacter = '\uFFFD';

/**
 * Reads the rows of a SQLite table in the order of its primary key.
 *
 * @throws MoveError for a value that is invalid, or that PostgreSQL cannot store.
 */
export function* readSqliteRows(connection: DriverConnection, table: Table): Generator<Row> {
  const columns = table.columns.map(({ name }) => quote(name)).join(', ');
  const order = table.key.map((name) => `${quote(name)} COLLATE BINARY`).join(', ');
  const select = connection.prepare<unknown[]>(`SELECT ${columns} FROM ${quote(table.name)} ORDER BY ${order}`);
  for (const values of select.raw().iterate()) yield toRow(connection, table, values);
}

function toRow(connection: DriverConnection, table: Table, values: readonly unknown[]): Row {
  try {
    return table.columns.map((column, index) => {
      const value = fromSqlite(values[index], column);
      if (typeof value === 'string' && value.includes(replacementCharacter)) {
        checkBytes(connection, table, values, column);
      }
      return value;
    });
  } catch (error) {
    if (error instanceof UnmovableError) throw toRowError(table, values, error.message);
    throw error;
  }
}

/**
 * Checks that a replacement character (U+FFFD) in a value was really stored, and does not stand for invalid bytes.
 *
 * @throws UnmovableError when the character stands for invalid bytes
 */
function checkBytes(
  connection: DriverConnection,
  { name, columns, key }: Table,
  values: readonly unknown[],
  column: Column,
): void {
  const indexes = key.map((part) => columns.findIndex((candidate) => candidate.name === part));
  const condition = key.map((part) => `${quote(part)} = ?`).join(' AND ');
  const bytes = connection
    .prepare<Buffer>(`SELECT CAST(${quote(column.name)} AS BLOB) FROM ${quote(name)} WHERE ${condition}`)
    .pluck()
    .get(...indexes.map((index) => values[index]));
  const text = String(values[columns.indexOf(column)]);
  if (bytes?.equals(Buffer.from(text)) !== true) throw new UnmovableError(`${column.name} is not valid UTF-8`);
}

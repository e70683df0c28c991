import { DriverAdapterError, type MappedError } from '@prisma/driver-adapter-utils';
import { sqliteErrorOf } from '../engines/sqlite/errors/sqlite-error';

/** Converts an error of the SQLite driver to an error that Prisma understands. Returns any other error unchanged. */
export function toDriverAdapterError(error: unknown): unknown {
  const driverError = sqliteErrorOf(error);
  if (driverError === undefined) return error;
  const { code, message } = driverError;
  return new DriverAdapterError({ originalCode: code, originalMessage: message, ...mapDriverError(code, message) });
}

function mapDriverError(code: string, message: string): MappedError {
  switch (code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
      return uniqueConstraintViolation(message);
    case 'SQLITE_CONSTRAINT_NOTNULL':
      return { kind: 'NullConstraintViolation', ...constraintOf(constrainedColumns(message)) };
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
    case 'SQLITE_CONSTRAINT_TRIGGER':
      return { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } };
    default:
      return code.startsWith('SQLITE_BUSY') ? { kind: 'SocketTimeout' } : mapMessage(message);
  }
}

// Distinguishes the errors by their message, because SQLite has only one code for all errors in the text of a
// statement.
function mapMessage(message: string): MappedError {
  const missingTable = /^no such table: (.*)$/s.exec(message)?.[1];
  if (missingTable !== undefined) return { kind: 'TableDoesNotExist', table: missingTable };
  const missingColumn = /^no such column: (.*)$/s.exec(message)?.[1] ?? /has no column named (.*)$/s.exec(message)?.[1];
  if (missingColumn !== undefined) return { kind: 'ColumnNotFound', column: missingColumn };
  return { kind: 'sqlite', extendedCode: 1, message };
}

function uniqueConstraintViolation(message: string): MappedError {
  const columns = constrainedColumns(message);
  const table = columns?.[0]?.split('.').slice(0, -1).join('.');
  return { kind: 'UniqueConstraintViolation', ...constraintOf(columns), ...(table ? { table } : {}) };
}

function constraintOf(columns: readonly string[] | undefined): { constraint?: { fields: string[] } } {
  return columns === undefined
    ? {}
    : { constraint: { fields: columns.map((column) => column.split('.').at(-1) ?? '') } };
}

/** Returns the columns in an error message such as "UNIQUE constraint failed: table.column, table.column". */
function constrainedColumns(message: string): string[] | undefined {
  return message.split('constraint failed: ')[1]?.split(', ');
}

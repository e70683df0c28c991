import { ownKeys, ownOptionalColumns, ownRequiredColumns } from '../../../errors/own-constraints';

/** Names of the constraints that the migrations of this package create in a SQLite database. */

/**
 * Columns of the primary keys and unique indexes of this package. The last two belong to a table that only SQLite has.
 */
const ownKeyColumns: ReadonlySet<string> = new Set([
  ...Object.values(ownKeys),
  'agent_names.agent_id',
  'agent_names.key',
]);

// Names of the CHECK constraints of this package. Every column except an integer primary key has a constraint
// `<table>_<column>_check`. SQLite itself checks the type of an integer primary key.
const ownSqliteChecks: ReadonlySet<string> = new Set(
  [ownRequiredColumns, ownOptionalColumns].flatMap((tables) =>
    Object.entries(tables).flatMap(([table, columns]) => columns.map((column) => `${table}_${column}_check`)),
  ),
);

/**
 * Reports whether a primary key or unique index of a SQLite database belongs to this package.
 *
 * @param columns - columns of the key, as SQLite reports them.
 */
export function isOwnSqliteKey(columns: string): boolean {
  return ownKeyColumns.has(columns);
}

/** Reports whether a CHECK constraint of a SQLite database belongs to this package. */
export function isOwnSqliteCheck(name: string): boolean {
  return ownSqliteChecks.has(name);
}

/**
 * Reports whether a table of a SQLite database belongs to this package, to Prisma's history of migrations, or to SQLite
 * itself.
 */
export function isOwnTable(name: string): boolean {
  return Object.hasOwn(ownRequiredColumns, name) || /^(?:_prisma_|agent_names_|sqlite_)/.test(name);
}

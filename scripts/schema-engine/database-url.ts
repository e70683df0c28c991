import { resolve } from 'node:path';
import { parseDatabaseUrl } from '../../src/options/database-url';

/** Matches characters that a reader of a file URL would interpret differently. */
const ambiguous = /[?]|%[0-9a-f]{2}/i;

/** Matches the normal form, which `normaliseDatabaseUrl` returns: nothing in it is encoded. */
const normalForm = /^file:\/\/(?=\/)/;

/** Reports whether a URL names an SQLite database. */
export function isSqliteUrl(url: string): boolean {
  return /^file:/i.test(url) || url === ':memory:';
}

/** Reports whether a URL names a PostgreSQL database. */
export function isPostgresqlUrl(url: string): boolean {
  return /^postgres(?:ql)?:/i.test(url);
}

/**
 * Returns the absolute path of the database file that a URL in the normal form names. A URL that no configuration has
 * normalised is read as the package reads it.
 */
export function toDatabasePath(url: string): string {
  return normalForm.test(url) && !ambiguous.test(url) ? resolve(url.replace(normalForm, '')) : pathOf(url);
}

/**
 * Returns the database that the package would open, in the one form that Prisma Migrate and Prisma Studio both
 * understand: `file://` and an absolute path. Studio takes the path as it is, so nothing in it is encoded. The URL of a
 * PostgreSQL database is returned unchanged: the engine checks it as the package does, and reports errors with Prisma's
 * code.
 *
 * @throws when the package would refuse the URL of a file.
 */
export function normaliseDatabaseUrl(url: string): string {
  if (!isSqliteUrl(url)) return url;
  const path = pathOf(url);
  if (ambiguous.test(path)) throw new Error('The path of the database may hold no ? and no percent-encoded characters');
  return `file://${path}`;
}

function pathOf(url: string): string {
  const location = parseDatabaseUrl(url);
  if (location.kind !== 'file') throw new Error('Prisma Migrate and Studio need a database in a file');
  return location.path;
}

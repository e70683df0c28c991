import { resolve } from 'node:path';

const scheme = /^file:/i;

/** `file://` with an empty host and an absolute path: a URL proper, in which special characters are percent-encoded. */
const fileUrl = /^file:\/\/(?=\/)/i;

/** What would be read back as something else once it stands in a file URL. */
const ambiguous = /[?]|%[0-9a-f]{2}/i;

/** Whether a URL names an SQLite database. */
export function isSqliteUrl(url: string): boolean {
  return scheme.test(url);
}

/** Whether a URL names a PostgreSQL database. */
export function isPostgresqlUrl(url: string): boolean {
  return /^postgres(?:ql)?:/i.test(url);
}

/**
 * The absolute path of the database file that a URL names. `file:./x` and `file:/x` hold the path as it is, as Prisma has
 * it; in `file:///x` it is percent-encoded. Relative paths start at the working directory. Parameters after `?`, which
 * mean nothing to SQLite, are left out.
 */
export function toDatabasePath(url: string): string {
  const [location = ''] = url.split('?', 1);
  const path = fileUrl.test(location) ? decodePath(location.replace(fileUrl, '')) : location.replace(scheme, '');
  if (path === '' || path === ':memory:') throw new Error('Prisma Migrate and Studio need a database in a file');
  return resolve(path);
}

/**
 * The same database named in the one form that Prisma Migrate and Prisma Studio both understand: `file://` and an
 * absolute path. Studio takes the path as it is, so nothing in it is encoded. URLs of other databases stay as they are.
 */
export function normaliseDatabaseUrl(url: string): string {
  if (!isSqliteUrl(url)) return url;
  const path = toDatabasePath(url);
  if (ambiguous.test(path)) throw new Error('The path of the database may hold no ? and no percent-encoded characters');
  return `file://${path}`;
}

/** A percent sign that starts no escape stands for itself. */
function decodePath(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isStorableText } from '../validation/is-storable-text';
import { invalidUrl } from './invalid-url';
import { checkPostgresqlParameters, checkSqliteParameters } from './url-parameters';

interface Location {
  /** Names of the URL parameters that only Prisma's engines use. */
  readonly ignored: readonly string[];
}

/** Location of a SQLite database. */
export type SqliteLocation = Location &
  ({ readonly kind: 'file'; readonly path: string } | { readonly kind: 'memory' });

/** Address and credentials of a PostgreSQL database. Contains the password: never show it. */
export interface PostgresqlLocation extends Location {
  readonly kind: 'postgresql';
  readonly connectionString: string;
  /** Schema of the tables. When undefined, the search path of the role determines it. */
  readonly schema: string | undefined;
}

export type DatabaseLocation = SqliteLocation | PostgresqlLocation;

/**
 * Parses the `url` option. After `file://`, the path can contain percent escapes, such as `%20`. After `file:` alone,
 * it is a plain path, in which `#` and `%` are ordinary characters. The bridge for Prisma's CLI reads both in the same
 * way: see `src/prisma-config/prisma-url.ts`.
 *
 * @throws INVALID_OPTIONS when the URL is invalid
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url === ':memory:') return { kind: 'memory', ignored: [] };
  if (/^postgres(?:ql)?:/i.test(url)) return parsePostgresqlUrl(url, 'url');
  if (!/^file:/i.test(url)) throw invalidUrl('url', 'must begin with file: or postgresql:, or be :memory:');
  const [address = '', ...query] = url.split('?');
  const ignored = checkSqliteParameters(new URLSearchParams(query.join('?')), 'url');
  if (/^file::memory:$/i.test(address)) return { kind: 'memory', ignored };
  return { kind: 'file', path: parseFileAddress(address), ignored };
}

function parseFileAddress(address: string): string {
  // Rejects spaces at the ends and NUL: the driver trims the path, and the system ends it at NUL, so another file would
  // be opened than the URL names.
  const path = /^file:\/\//i.test(address) ? pathOfFileUrl(address) : resolve(address.slice('file:'.length));
  if (path !== path.trim() || address !== address.trim() || !isStorableText(path))
    throw invalidUrl('url', 'must not begin or end with a space, or contain NUL');
  if (/^file:(\/\/)?$/i.test(address) || address.endsWith('/')) throw invalidUrl('url', 'must name a file');
  return path;
}

/**
 * Parses the URL of a PostgreSQL database. Accepts the parameters of the driver (`sslmode`, `host` for a socket, …) and
 * Prisma's `schema`. Ignores Prisma's other parameters, so that Prisma's tools can use the same URL.
 *
 * @throws INVALID_OPTIONS when the URL is invalid
 */
export function parsePostgresqlUrl(url: string, field: string): PostgresqlLocation {
  if (!/^postgres(?:ql)?:\/\//i.test(url)) throw invalidUrl(field, 'must begin with postgresql://');
  // The driver would not decode any escape in such a URL.
  if (/\s|%(?![\da-f]{2})/i.test(url)) throw invalidUrl(field, 'must encode a space as %20 and a percent sign as %25');
  // The driver would ignore the text after `#`, which can be a part of the password or all parameters.
  if (url.includes('#')) throw invalidUrl(field, 'must encode a number sign as %23');
  // The server would end the value at the NUL, and read the rest as other parameters.
  if (url.includes('%00')) throw invalidUrl(field, 'must not contain NUL');
  const { searchParams } = parse(url, field);
  return { kind: 'postgresql', connectionString: url, ...checkPostgresqlParameters(searchParams, field) };
}

function parse(url: string, field: string): URL {
  try {
    // The URL of a socket has no host, but `URL` requires a host after a user name.
    return new URL(url.replace(/^(\w+:\/\/[^@/?#]*@)(?=[/?]|$)/, '$1localhost'));
  } catch {
    // Omits the cause, which would show the URL with the password.
    throw invalidUrl(field, 'must be a valid PostgreSQL URL');
  }
}

function pathOfFileUrl(address: string): string {
  // The parser would ignore the text after a number sign, replace a backslash by a slash, and drop a tab or a line
  // break. Another file would then be opened.
  if (/[#\\]/.test(address))
    throw invalidUrl('url', 'must encode a number sign as %23 and a backslash as %5C after file://');
  if (/[\t\n\r]/.test(address)) throw invalidUrl('url', 'must not contain a tab or a line break after file://');
  try {
    return fileURLToPath(address);
  } catch {
    throw invalidUrl('url', 'must be a valid file URL');
  }
}

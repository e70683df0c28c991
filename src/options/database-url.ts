import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isStorableText } from '../validation/is-storable-text';
import { invalidUrl } from './invalid-url';
import { checkPostgresqlParameters, checkSqliteParameters } from './url-parameters';

interface Location {
  /** Names of those parameters of the URL that only Prisma's engines use. */
  readonly ignored: readonly string[];
}

/** Location of a SQLite database. */
export type SqliteLocation = Location &
  ({ readonly kind: 'file'; readonly path: string } | { readonly kind: 'memory' });

/** Address and credentials of a PostgreSQL database. Never show it, because it contains the password. */
export interface PostgresqlLocation extends Location {
  readonly kind: 'postgresql';
  readonly connectionString: string;
  /** PostgreSQL schema that contains the tables. When undefined, the search path of the database role applies. */
  readonly schema: string | undefined;
}

export type DatabaseLocation = SqliteLocation | PostgresqlLocation;

/**
 * Parses the option `url`. After `file://`, the path can contain percent escapes, such as `%20`. After `file:` alone,
 * `#` and `%` are ordinary characters of the path. `src/prisma-config/prisma-url.ts` must read both forms in the same
 * way.
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
  // Rejects outer spaces and NUL in the path. The driver would trim the spaces, and the system would end the path at
  // NUL. Then a file would be opened that the URL does not name.
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
  // Rejects white space and invalid percent escapes, because the driver would then decode no percent escapes in the
  // URL.
  if (/\s|%(?![\da-f]{2})/i.test(url)) throw invalidUrl(field, 'must encode a space as %20 and a percent sign as %25');
  // Rejects `#`, because the driver would ignore everything after it: the rest of the password, or all parameters.
  if (url.includes('#')) throw invalidUrl(field, 'must encode a number sign as %23');
  // Rejects NUL, because the server would end the value there and read the rest as parameters of the session.
  if (url.includes('%00')) throw invalidUrl(field, 'must not contain NUL');
  const { searchParams } = parse(url, field);
  return { kind: 'postgresql', connectionString: url, ...checkPostgresqlParameters(searchParams, field) };
}

function parse(url: string, field: string): URL {
  try {
    // Adds a host, because the URL of a socket has none but `URL` requires one after a user name.
    return new URL(url.replace(/^(\w+:\/\/[^@/?#]*@)(?=[/?]|$)/, '$1localhost'));
  } catch {
    // Omits the cause of the error, because the cause would show the URL with the password.
    throw invalidUrl(field, 'must be a valid PostgreSQL URL');
  }
}

function pathOfFileUrl(address: string): string {
  // Rejects characters with which another file would be opened: `URL` would ignore the text after a number sign,
  // replace a backslash by a slash, and remove a tab or a line break.
  if (/[#\\]/.test(address))
    throw invalidUrl('url', 'must encode a number sign as %23 and a backslash as %5C after file://');
  if (/[\t\n\r]/.test(address)) throw invalidUrl('url', 'must not contain a tab or a line break after file://');
  try {
    return fileURLToPath(address);
  } catch {
    throw invalidUrl('url', 'must be a valid file URL');
  }
}

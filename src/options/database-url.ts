import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../errors/failure';
import { isStorableText } from '../text/is-storable-text';

/** Where a SQLite database lies. */
export type SqliteLocation = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'memory' };

/** Where a PostgreSQL database is reached, and as whom. Holds the password: never to be shown. */
export interface PostgresqlLocation {
  readonly kind: 'postgresql';
  readonly connectionString: string;
  /** The schema that holds the tables, where it is not the role's own choice. */
  readonly schema: string | undefined;
}

export type DatabaseLocation = SqliteLocation | PostgresqlLocation;

/** Reads the `url` option. `file://` begins a URL, with its escapes; `file:` alone is followed by a plain path. */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url === ':memory:' || url === 'file::memory:') return { kind: 'memory' };
  if (/^postgres(?:ql)?:/.test(url)) return parsePostgresqlUrl(url, 'url');
  if (!url.startsWith('file:')) throw invalidUrl('url', 'must begin with file: or postgresql:, or be :memory:');
  if (url.includes('?')) throw invalidUrl('url', 'must have no parameters');
  const path = url.startsWith('file://') ? pathOfFileUrl(url) : resolve(url.slice('file:'.length));
  // The driver trims the path, and the system ends it at NUL: either would open another file than the one named.
  if (path !== path.trim() || !isStorableText(path))
    throw invalidUrl('url', 'must not begin or end with a space, or hold NUL');
  if (/^file:(\/\/)?$/.test(url) || url.endsWith('/')) throw invalidUrl('url', 'must name a file');
  return { kind: 'file', path };
}

/**
 * Reads the URL of a PostgreSQL database. Its parameters are the driver's (`sslmode`, `host` for a socket, …) and Prisma's
 * `schema`; those that mean nothing here are let be, since the same URL serves other tools.
 */
export function parsePostgresqlUrl(url: string, field: string): PostgresqlLocation {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw invalidUrl(field, 'must begin with postgresql://');
  // The driver would take the whole of such a URL for one without escapes.
  if (/\s|%(?![\da-f]{2})/i.test(url)) throw invalidUrl(field, 'must have %20 for a space, and %25 for a percent sign');
  const { searchParams } = parse(url, field);
  const schema = searchParams.get('schema');
  if (schema === '') throw invalidUrl(field, 'must not name an empty schema');
  return { kind: 'postgresql', connectionString: url, schema: schema ?? undefined };
}

function parse(url: string, field: string): URL {
  try {
    // A socket's URL has no host, which a URL with a user must have.
    return new URL(url.replace(/^(\w+:\/\/[^@/?#]*@)(?=[/?]|$)/, '$1localhost'));
  } catch {
    // The cause would show the URL, and the password with it.
    throw invalidUrl(field, 'must be a valid PostgreSQL URL');
  }
}

function pathOfFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalidUrl('url', 'must be a valid file URL');
  }
}

function invalidUrl(field: string, reason: string): Failure {
  return new Failure('INVALID_OPTIONS', `${field} ${reason}`, { field });
}

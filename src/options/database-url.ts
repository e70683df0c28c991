import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../errors/failure';
import { isStorableText } from '../text/is-storable-text';

/** Where a SQLite database lies. */
export type SqliteLocation = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'memory' };

/** Reads the `url` option. `file://` begins a URL, with its escapes; `file:` alone is followed by a plain path. */
export function parseDatabaseUrl(url: string): SqliteLocation {
  if (url === ':memory:' || url === 'file::memory:') return { kind: 'memory' };
  if (/^postgres(ql)?:/.test(url)) throw invalidUrl('names PostgreSQL, which this version does not support yet');
  if (!url.startsWith('file:')) throw invalidUrl('must begin with file:, or be :memory:');
  if (url.includes('?')) throw invalidUrl('must have no parameters');
  const path = url.startsWith('file://') ? pathOfFileUrl(url) : resolve(url.slice('file:'.length));
  // The driver trims the path, and the system ends it at NUL: either would open another file than the one named.
  if (path !== path.trim() || !isStorableText(path))
    throw invalidUrl('must not begin or end with a space, or hold NUL');
  if (/^file:(\/\/)?$/.test(url) || url.endsWith('/')) throw invalidUrl('must name a file');
  return { kind: 'file', path };
}

function pathOfFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalidUrl('must be a valid file URL');
  }
}

function invalidUrl(reason: string): Failure {
  return new Failure('INVALID_OPTIONS', `url ${reason}`, { field: 'url' });
}

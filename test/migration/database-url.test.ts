import { resolve } from 'node:path';
import { normaliseDatabaseUrl, toDatabasePath } from '../../src/prisma-config/prisma-url';
import { PostgresqlServer } from '../../scripts/schema-engine/postgresql-server';
import { parseDatabaseUrl } from '../../src/options/database-url';

/** Returns the path or the kind of the database that the package opens, or `refused`. */
function opened(url: string): string {
  try {
    const location = parseDatabaseUrl(url);
    return location.kind === 'file' ? location.path : location.kind;
  } catch {
    return 'refused';
  }
}

/** Returns the path of the database that Prisma's CLI opens, or `refused`. */
function named(url: string): string {
  try {
    return toDatabasePath(normaliseDatabaseUrl(url));
  } catch {
    return 'refused';
  }
}

describe('a SQLite URL', () => {
  test.each([
    ['file:./a b.sqlite', resolve('a b.sqlite')],
    ['file:a.sqlite', resolve('a.sqlite')],
    ['file:../a.sqlite', resolve('../a.sqlite')],
    ['file:./x/../a.sqlite', resolve('a.sqlite')],
    ['file:/data/a b.sqlite', '/data/a b.sqlite'],
    ['file:/data/a#1.sqlite', '/data/a#1.sqlite'],
    ['file:./a#1.sqlite', resolve('a#1.sqlite')],
    ['file:./a%.sqlite', resolve('a%.sqlite')],
    ['file:./é.sqlite', resolve('é.sqlite')],
    ['file:./a\\b.sqlite', resolve('a\\b.sqlite')],
    ['file:///data/a b.sqlite', '/data/a b.sqlite'],
    ['file:///data/a%20b.sqlite', '/data/a b.sqlite'],
    ['file:///data/a%231.sqlite', '/data/a#1.sqlite'],
    ['file:///data/%C3%A9.sqlite', '/data/é.sqlite'],
    ['file:///data/x/../a.sqlite', '/data/a.sqlite'],
    ['file://localhost/data/a.sqlite', '/data/a.sqlite'],
    ['FILE:./a.sqlite', resolve('a.sqlite')],
    ['file:./a.sqlite?connection_limit=1', resolve('a.sqlite')],
    ['file:///data/a.sqlite?connection_limit=1&socket_timeout=5', '/data/a.sqlite'],
  ])("the SQLite URL %s resolves to the same file in the package and in Prisma's CLI", (url, path) => {
    expect(opened(url)).toBe(path);
    expect(named(url)).toBe(path);
  });

  test.each([
    ...['file:///data/a#1.sqlite', 'file:///data/a.sqlite#', 'file:///data/a\\b.sqlite', 'file:///data/a\tb.sqlite'],
    ...['file:///data/100%.sqlite', 'file:///data/a%2Fb.sqlite', 'file:///data/a%00.sqlite', 'file:./a\0b.sqlite'],
    ...['file://host/data/a.sqlite', 'file://./a.sqlite', 'file:', 'file://', 'file:///data/'],
    ...['file:./a.sqlite?mode=ro', 'file:./a.sqlite?cache=shared', 'file:./a.sqlite?schema=public'],
    ...['file:./a.sqlite?connection_limit=1&connection_limit=2', 'file:./a.sqlite ', 'file:///data/a.sqlite '],
  ])("the package and Prisma's CLI refuse the SQLite URL %j", (url) => {
    expect(opened(url)).toBe('refused');
    expect(named(url)).toBe('refused');
  });

  // These files have no URL in the form that Prisma Studio reads.
  test.each(['file:./%41.sqlite', 'file:///data/a%3Fb.sqlite', 'file:///data/a%2541.sqlite'])(
    'the SQLite URL %s is valid for the package but not for Prisma, whose Studio would open another file',
    (url) => {
      expect(opened(url)).not.toBe('refused');
      expect(() => normaliseDatabaseUrl(url)).toThrow('percent-encoded');
    },
  );

  test.each([':memory:', 'file::memory:'])(
    'the SQLite URL %s is valid for the package but not for Prisma, whose next command would miss the database',
    (url) => {
      expect(opened(url)).toBe('memory');
      expect(() => normaliseDatabaseUrl(url)).toThrow('in a file');
    },
  );

  test('normalizing a SQLite URL keeps its file, and a second normalization does not change the URL', () => {
    const normal = normaliseDatabaseUrl('file:///data/a%20b.sqlite');
    expect(normal).toBe('file:///data/a b.sqlite');
    expect(toDatabasePath(normal)).toBe('/data/a b.sqlite');
    expect(normaliseDatabaseUrl(normal)).toBe(normal);
    expect(toDatabasePath(normaliseDatabaseUrl('file:/data/a b#1.sqlite'))).toBe('/data/a b#1.sqlite');
  });
});

describe('a PostgreSQL URL', () => {
  const server = 'postgresql://ans:secret@db.example:5432/ans';
  /** Functions with which the package and Prisma's CLI read a URL. */
  const readers = [parseDatabaseUrl, (url: string) => new PostgresqlServer(url)];

  test.each([
    ['', undefined, []],
    ['?schema=public', 'public', []],
    ['?schema=app&sslmode=verify-full&application_name=x', 'app', []],
    ['?connection_limit=5&pgbouncer=true&pool_timeout=3', undefined, ['connection_limit', 'pgbouncer', 'pool_timeout']],
    ['?sslmode=require&channel_binding=require', undefined, ['channel_binding']],
    ['?statement_timeout=500&options=-c%20geqo%3Doff', undefined, []],
  ])("the package and Prisma's CLI accept a PostgreSQL URL with the parameters %j", (parameters, schema, ignored) => {
    const url = `${server}${parameters}`;
    expect(parseDatabaseUrl(url)).toEqual({ kind: 'postgresql', connectionString: url, schema, ignored });
    expect(normaliseDatabaseUrl(url)).toBe(url);
  });

  test.each([
    ...['sslmode=bogus', 'sslmode=', 'sslmode=allow', 'ssl=false', 'sslnegotiation=bogus', 'uselibpqcompat=1'],
    ...['client_encoding=latin1', 'query_timeout=abc', 'statement_timeout=-1', 'port=abc', 'port=0', 'schema='],
    ...['schema=a&schema=b', 'sslmode=require&sslmode=disable', 'connection_limit=1&connection_limit=2'],
    ...['shema=app', 'SCHEMA=app', 'search_path=app', 'binary=true', 'replication=database', 'max=5', 'stream=x'],
  ])("the package and Prisma's CLI refuse a PostgreSQL URL with this parameter and name it: ?%s", (parameters) => {
    const [name = ''] = parameters.split('=');
    for (const read of readers) {
      expect(() => read(`${server}?${parameters}`)).toThrow(name);
      expect(() => read(`${server}?${parameters}`)).not.toThrow(/secret|bogus|abc|latin1/);
    }
  });

  test('a PostgreSQL URL with a number sign is refused, because the driver would ignore the rest of the URL', () => {
    expect(() => parseDatabaseUrl('postgresql://ans:se#cret@db.example/ans')).toThrow('%23');
    for (const read of readers) expect(() => read(`${server}#?schema=app`)).toThrow('%23');
  });
});

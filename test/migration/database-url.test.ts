import { resolve } from 'node:path';
import { normaliseDatabaseUrl, toDatabasePath } from '../../scripts/schema-engine/database-url';

test.each([
  ['file:./a b.sqlite', resolve('a b.sqlite')],
  ['file:a.sqlite', resolve('a.sqlite')],
  ['file:/data/a b.sqlite', '/data/a b.sqlite'],
  ['file:///data/a b.sqlite', '/data/a b.sqlite'],
  ['file:///data/a%20b.sqlite', '/data/a b.sqlite'],
  ['file:///data/100%.sqlite', '/data/100%.sqlite'],
  ['FILE:./a.sqlite?connection_limit=1', resolve('a.sqlite')],
  ['file:./%C3%A9.sqlite', resolve('%C3%A9.sqlite')],
  ['file:///data/%C3%A9.sqlite', '/data/é.sqlite'],
])('%s names the file %s', (url, path) => {
  expect(toDatabasePath(url)).toBe(path);
});

test('the normal form of a URL names the same file, and is its own normal form', () => {
  const normal = normaliseDatabaseUrl('file:///data/a%20b#1.sqlite');
  expect(normal).toBe('file:///data/a b#1.sqlite');
  expect(toDatabasePath(normal)).toBe('/data/a b#1.sqlite');
  expect(normaliseDatabaseUrl(normal)).toBe(normal);
});

test('a path that no URL can hold as it is, is refused rather than misread', () => {
  expect(() => normaliseDatabaseUrl('file:./%41.sqlite')).toThrow('percent-encoded');
});

test('a database in memory is refused: it would be gone after each command', () => {
  expect(() => normaliseDatabaseUrl('file::memory:')).toThrow('in a file');
});

test('URLs of other databases stay as they are', () => {
  expect(normaliseDatabaseUrl('postgresql://host/name')).toBe('postgresql://host/name');
});

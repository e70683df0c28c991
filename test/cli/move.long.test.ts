import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inBatches } from '../../src/move/batches';
import { contentOf, isSameContent } from '../../src/move/content';
import { orderTables, selfReferences } from '../../src/move/order-tables';
import type { Row, Table } from '../../src/move/table';
import { temporaryDirectory } from '../support/test-database';
import { runCli } from './run-cli';

const secret = 'sEcr3t';
const postgresql = `postgresql://ans:${secret}@127.0.0.1:1/ans`;

function table(name: string, ...references: readonly string[]): Table {
  const columns = ['id', 'other', 'own'].map((column) => ({ name: column, kind: 'text' as const, isNumbered: false }));
  return {
    name,
    columns,
    key: ['id'],
    references: references.map((to) => ({ table: to, columns: [to === name ? 'own' : 'other'] })),
  };
}

describe('ans-database move', () => {
  test.each([
    [['--from', postgresql, '--to', postgresql], /^ans-database: --from must be a SQLite database: file:PATH\n$/],
    [['--from', ':memory:', '--to', postgresql], /^ans-database: --from must name a file or a server: .+\n$/],
    [['--to', 'file:./other.sqlite'], /^ans-database: --to must be a PostgreSQL database: postgresql:.+\n$/],
    [['--to', `mysql://ans:${secret}@127.0.0.1/ans`], /^ans-database: --to must begin with file: or postgresql:.*\n$/],
    [['--to', `postgresql://ans:${secret}@[/ans`], /^ans-database: --to must be a valid PostgreSQL URL\n$/],
    [['--from', 'file:./none.sqlite', '--to', postgresql], /^ans-database: .+none\.sqlite is not a readable file\n$/],
    [[postgresql], /^ans-database: too many arguments for 'move'.+\n$/],
    [[`--too=${postgresql}`], /^ans-database: unknown option '--too'[^]*\n$/],
    [
      ['--batch', '0', '--to', postgresql],
      /^ans-database: option '--batch <n>' argument '0' is invalid. It must be .+\n$/,
    ],
    [[], /^ans-database: specify the PostgreSQL database with --to or DATABASE_URL\n$/],
  ])('move fails with one line without the password and with exit code 1: %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(['move', ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(secret);
  });

  test('move uses DATABASE_URL as the default of --to', async () => {
    const { stderr } = await runCli(['move'], { env: { DATABASE_URL: 'file:./other.sqlite' } });
    expect(stderr).toMatch(/^ans-database: DATABASE_URL must be a PostgreSQL database/);
  });

  test.each([
    [
      'an empty file',
      '',
      /^ans-database: the SQLite database lacks migrations .SCHEMA_OUTDATED.; apply them first: npx ans-database migrate deploy --url file:.+\n$/,
    ],
    ['a file that is not a database', 'a text\n'.repeat(100), /^ans-database: Failed to initialize database: .+\n$/],
  ])('move rejects %s', async (_, content, message) => {
    const path = join(temporaryDirectory(), 'test.sqlite');
    writeFileSync(path, content);
    const { exitCode, stderr } = await runCli(['move', '--from', `file:${path}`, '--to', postgresql]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe('contentOf', () => {
  const first: Row = ['a', 1, true, null];
  const second: Row = ['b', -62_135_596_800_000, false, ''];

  test('contentOf returns the number of rows and their SHA-256, whatever the batches are', async () => {
    const sha256 = '0dffd6f6167026bcb4e5a028013ccfd9283eb090472de4bf9d7fcf0a7b3e9f5c';
    expect(await contentOf([[first, second]])).toEqual({ rows: 2, sha256 });
    expect(await contentOf([[first], [], [second]])).toEqual({ rows: 2, sha256 });
  });

  test.each<[string, readonly Row[]]>([
    ['a character', [first, ['b', -62_135_596_800_000, false, ' ']]],
    ['a millisecond', [first, ['b', -62_135_596_800_001, false, '']]],
    ['a boolean', [['a', 1, false, null], second]],
    ['null and an empty string', [['a', 1, true, ''], second]],
    ['a number and a string', [['a', '1', true, null], second]],
    ['the end of a row', [[...first, 'b'], second.slice(1)]],
    ['the order of rows', [second, first]],
    ['a missing row', [first]],
    ['a repeated row', [first, second, second]],
  ])('contentOf returns different results for rows that differ in %s', async (_, others) => {
    expect(isSameContent(await contentOf([[first, second]]), await contentOf([others]))).toBe(false);
  });

  test('isSameContent returns false when the numbers of rows differ', () => {
    expect(isSameContent({ rows: 1, sha256: '' }, { rows: 2, sha256: '' })).toBe(false);
  });
});

test('inBatches limits the number of rows and characters in a batch', () => {
  const limits = { rows: 2, characters: 10 };
  expect([...inBatches([['a'], ['b'], ['c']], limits)]).toEqual([[['a'], ['b']], [['c']]]);
  const [long, short] = [
    ['x'.repeat(20), null],
    ['y'.repeat(9), 1],
  ];
  expect([...inBatches([short, short, long, short], limits)]).toEqual([[short], [short], [long], [short]]);
  expect([...inBatches([], limits)]).toEqual([]);
});

describe('orderTables', () => {
  test('orderTables sorts each table after the tables to which it refers', () => {
    const tables = [table('a', 'c'), table('b', 'b', 'a', 'elsewhere'), table('c')];
    expect(orderTables(tables).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(tables.map((each) => selfReferences(each).map(({ name }) => name))).toEqual([[], ['own'], []]);
  });

  test('orderTables rejects two tables that reference each other', () => {
    expect(() => orderTables([table('a', 'b'), table('b', 'a'), table('c')])).toThrow(
      'tables that reference each other cannot be moved: a, b',
    );
  });
});

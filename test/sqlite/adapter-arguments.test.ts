import type { ArgScalarType } from '@prisma/driver-adapter-utils';
import { openAdapterPair, sameResult, statement } from './adapter-pair';

const scalarTypes: readonly ArgScalarType[] = [
  ...(['string', 'int', 'bigint', 'float', 'decimal', 'boolean'] as const),
  ...(['enum', 'uuid', 'json', 'datetime', 'bytes', 'unknown'] as const),
];

/** Arguments as Prisma sends them: numbers, texts for what JSON has no type for, dates, bytes. */
const argumentsOfType: Readonly<Record<ArgScalarType, readonly unknown[]>> = {
  string: ['text', '', '🙂', '123', "it's", '%_', '2026-01-01'],
  int: [1, -1, 0, 2 ** 31, 2 ** 53 - 1, '42', '-7', '12abc'],
  bigint: [7, '9007199254740993', '-9223372036854775808', '9223372036854775807', 9007199254740993n, -1n],
  float: [1.5, -0.1, 1e300, '2.5', '1e21', 3],
  decimal: ['123.456', '-0.000001', 1.25, '100000000000000000000'],
  boolean: [true, false],
  enum: ['ACTIVE', ''],
  uuid: ['0198c6f0-7b1a-7c3e-8f00-000000000000'],
  json: ['{"a":1}', '[]', 'null'],
  datetime: [
    ...['2026-11-23T12:34:56.789Z', '2026-11-23T12:34:56.789+02:00', '1969-12-31T23:59:59.999Z', '9999-12-31'],
    ...[new Date(0), new Date(1_795_437_296_789), new Date(-1), 5],
  ],
  bytes: ['AAEC/w==', '', Buffer.from([1, 2, 3]), new Uint8Array([9])],
  unknown: ['text', 1, 1.5, true, null],
};

const columns = 'a INTEGER, b BIGINT, c TEXT, d REAL, e DATETIME, f BLOB, g BOOLEAN, h';
const kinds = 'typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g), typeof(h)';

describe('An argument reaches the database as through the official adapter', () => {
  test.each(scalarTypes)('%s', async (scalarType) => {
    const pair = await openAdapterPair(`CREATE TABLE t (${columns})`);
    const insert = 'INSERT INTO t SELECT v, v, v, v, v, v, v, v FROM (SELECT ? AS v)';
    for (const argument of argumentsOfType[scalarType]) {
      expect(sameResult(await pair.execute(statement(insert, [argument], scalarType)))).toBe(1);
    }
    sameResult(await pair.query(statement(`SELECT ${kinds}, hex(h), quote(h) FROM t`)));
    sameResult(await pair.query(statement('SELECT a, b, c, d, f, g FROM t')));
  });

  test.each(scalarTypes)('null, as %s', async (scalarType) => {
    const pair = await openAdapterPair('CREATE TABLE t (a)');
    expect(sameResult(await pair.query(statement('SELECT ? IS NULL AS n', [null], scalarType)))).toMatchObject({
      rows: [[1]],
    });
  });

  test('in the order of its place, and as many as the statement has', async () => {
    const pair = await openAdapterPair('CREATE TABLE t (a)');
    const query = statement('SELECT ?, ?, ?', ['a', 'b', 'c'], 'string');
    expect(sameResult(await pair.query(query))).toMatchObject({ rows: [['a', 'b', 'c']] });
  });

  test('up to as many as our adapter tells Prisma that a statement takes', async () => {
    const pair = await openAdapterPair('CREATE TABLE t (a)');
    const count = pair.ours.getConnectionInfo?.().maxBindValues ?? 0;
    const select = (arguments_: readonly number[]) =>
      statement(`SELECT count(*) AS n FROM (VALUES ${arguments_.map(() => '(?)').join(', ')})`, arguments_, 'int');
    const most = Array.from({ length: count }, (_, index) => index);
    expect(sameResult(await pair.query(select(most)))).toMatchObject({ rows: [[32_766]] });
    expect((await pair.query(select([...most, 1]))).ours).toHaveProperty('error');
  });
});

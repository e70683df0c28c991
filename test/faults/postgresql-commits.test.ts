import { driverErrorOf, type DatabaseOptions } from '../../src';
import { TcpProxy } from '../support/tcp-proxy';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { Work } from './postgresql-work';

/**
 * A statement that is cancelled just when it begins fails before it has done anything. For that the server gives a
 * window of microseconds; one that it does not understand fails at the same place, and leaves the connection as it is then:
 * in a transaction that has failed.
 */
async function open(options: DatabaseOptions = {}) {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const { db } = await openTestDatabase({ url: proxy.url(url), pool: { maxConnections: 1 }, ...options });
  return { db, proxy, url, work: await Work.prepare(db) };
}

describe('A statement that ends a transaction or a part of it, and fails before it has done anything', () => {
  test.each<[string, (work: Work, unit: string) => Promise<unknown>]>([
    ['createAgent', (work, unit) => work.change(unit)],
    ['transaction', (work, unit) => work.transact(unit)],
  ])('COMMIT of %s: nothing is kept, and the next caller has a connection that works', async (_name, write) => {
    const { db, proxy, url, work } = await open();
    proxy.mishear('COMMIT\0', 'COMMIX\0');
    await write(work, 'unit failing-0');
    expect(work.errors).toHaveLength(1);
    expect(work.inDoubt).toBe(0);
    expect(await db.getCertificate('none')).toBeNull();
    await write(work, 'unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test('BEGIN: nothing is kept, and the next caller has a connection that works', async () => {
    const { proxy, url, work } = await open();
    proxy.mishear('BEGIN ISO', 'BEGIM ISO');
    await work.change('unit failing-0');
    await work.change('unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test('SAVEPOINT: the error is that of the statement, and so are those of all that comes after it', async () => {
    const { db, proxy, url, work } = await open();
    proxy.mishear('RELEASE operation; SAVEPOINT operation', 'RELEASE operation; SELECT 1/0;;;;;;;;;');
    const codes: unknown[] = [];
    await work.attempt('unit failing-0', 'unreachable', () =>
      db.transaction(async (tx) => {
        for (const id of ['a', 'b']) {
          const error = await expectError('INVALID_INPUT', () => tx.createCertificate(certificateInput({ id })));
          codes.push((driverErrorOf(error) as { code?: unknown }).code);
        }
      }),
    );
    expect(work.errors).toMatchObject([{ code: 'INVALID_INPUT', operation: 'transaction' }]);
    expect(codes).toEqual(['22012', '22012']);
    expect(await db.getCertificate('a')).toBeNull();
    await work.transact('unit next-0');
    await work.expectKept(url);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { packageConnections, runRaw } from '../support/raw-client';
import { rawRows } from '../support/raw-reader';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest, newDatabaseUrl, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';
import { authentication, message, report, text } from './wire';

/** Messages that no server sends without a statement. Most errors that the driver throws for them have no code. */
const unexpected: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a row', message('D', Buffer.from([0, 0]))],
  ['the end of a statement', message('C', text('SELECT 1'))],
  ['a request for a password', authentication(3)],
  ['an error without fields', report('E', {})],
  ['a row that ends within a value', message('D', Buffer.from([0, 5]))],
  ['a message of an unknown type', message('?')],
];

describe('a connection that receives an unexpected message', () => {
  test.each(unexpected)(
    'a connection that receives an unexpected message is closed, and its transaction fails with UNAVAILABLE: %s',
    async (_, bytes) => {
      const url = await newDatabaseUrl();
      const proxy = await TcpProxy.start(url);
      const { db } = await openTestDatabase({ url: proxy.url(url), retry: false, breaker: false });
      await createCertificate(db, { id: 'c' });
      const { connections } = proxy;
      await expectError('UNAVAILABLE', () =>
        db.transaction(async (tx) => {
          await tx.getCertificate('c');
          proxy.say(bytes);
          await sleep(50);
          await tx.getCertificate('c');
        }),
      );
      expect(await db.getCertificate('c')).toMatchObject({ id: 'c' });
      expect(proxy.connections).toBe(connections + 1);
    },
  );
});

test('a transaction fails with UNAVAILABLE when the server ends its connection, and can be repeated', async () => {
  const { db, options } = await openTestDatabase({ retry: false, breaker: false });
  await createCertificate(db, { id: 'c' });
  const error = await expectError('UNAVAILABLE', () =>
    db.transaction(async (tx) => {
      await tx.getCertificate('c');
      const pids = await packageConnections(options.url);
      await runRaw(options.url, `SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[${pids.join()}]) AS pid`);
      await tx.getCertificate('c');
    }),
  );
  expect(error.retryable).toBe(true);
  expect(await db.transaction((tx) => tx.getCertificate('c'))).toMatchObject({ id: 'c' });
});

test('a migration fails with UNAVAILABLE when its connection is cut, and the next start applies it', async () => {
  const url = await unmigratedDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  proxy.cutAt('CREATE TABLE "changes"', 'after');
  const db = new DatabaseService({ url: proxy.url(url), migrations: 'apply', retry: false });
  afterTest(() => db.close());
  await expectError('UNAVAILABLE', () => db.initialize());
  expect(proxy.cuts).toBe(1);
  await db.initialize();
  expect(await db.check()).toMatchObject({ ok: true });
});

test('a write changes nothing when the server rejects its BEGIN', async () => {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const { db } = await openTestDatabase({ url: proxy.url(url), retry: false, breaker: false });
  await createCertificate(db, { id: 'c' });
  proxy.mishear('BEGIN ISOLATION', 'BEGUN ISOLATION');
  await expect(db.updateCertificateStatus('c', 'SUSPENDED')).rejects.toBeInstanceOf(DatabaseError);
  expect(await rawRows({ options: { url } }, 'certificates')).toMatchObject([{ id: 'c', status: 'VALID' }]);
  expect(await db.updateCertificateStatus('c', 'SUSPENDED')).toBe(true);
});

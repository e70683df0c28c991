import type { DatabaseError, DatabaseService } from '../../src';
import { shareDurableServer } from '../support/durable-server';
import { whyNoOwnServer } from '../support/own-server';
import { TcpProxy } from '../support/tcp-proxy';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { createSignal } from '../support/signal';
import { describeUnless } from '../support/skip';
import { waitUntil } from '../support/wait-until';

describeUnless(whyNoOwnServer, 'A connection that is lost', () => {
  const durable = shareDurableServer();
  let proxy: TcpProxy;
  beforeEach(async () => {
    proxy = await TcpProxy.start(durable.server.port);
  });

  const makers: readonly (readonly [string, (db: DatabaseService, id: string) => Promise<unknown>])[] = [
    ['createCertificate', (db, id) => db.createCertificate(certificateInput({ id }))],
    ['transaction', (db, id) => db.transaction((tx) => tx.createCertificate(certificateInput({ id })))],
  ];

  test.each(makers)('during the commit of %s is reported as unknown, and not tried again', async (name, make) => {
    for (const moment of ['before', 'after'] as const) {
      const db = await durable.open({ url: proxy.url(durable.url) });
      const id = `${name}-${moment}`;
      proxy.cutAt('COMMIT\0', moment);
      const error = await expectError('UNAVAILABLE', () => make(db, id));
      expect(error.message).toContain('may or may not have been kept');
      expect(proxy.cuts).toBe(1);
      await waitUntil(
        async () => (await durable.count(`certificates WHERE id = '${id}'`)) === (moment === 'after' ? 1 : 0),
      );
      expect(await db.getCertificate(id)).toEqual(moment === 'after' ? expect.anything() : null);
    }
  });

  test.each(makers)('before the commit of %s leaves nothing behind that is in the way', async (name, make) => {
    const db = await durable.open({ url: proxy.url(durable.url) });
    proxy.cutAt('INSERT INTO certificates', 'after', 1);
    const id = `${name}-insert`;
    const error = await expectError('UNAVAILABLE', () => make(db, id));
    expect(error.retryable).toBe(true);
    // The last statements of a single call travel together with its commit.
    if (name !== 'transaction') expect(error.message).toContain('may or may not have been kept');
    const again = await make(db, id).catch((thrown: unknown) => (thrown as DatabaseError).code);
    if (again !== id) expect([name, again]).toEqual(['createCertificate', 'ALREADY_EXISTS']);
    expect(await durable.count(`certificates WHERE id = '${id}'`)).toBe(1);
  });

  test('while a transaction begins costs the caller nothing', async () => {
    const db = await durable.open({ url: proxy.url(durable.url) });
    proxy.cutAt('BEGIN', 'before');
    await db.createCertificate(certificateInput({ id: 'begin' }));
    expect(await durable.count("certificates WHERE id = 'begin'")).toBe(1);
  });

  test.each(['before', 'after'] as const)('%s the update of a status is tried again', async (moment) => {
    const db = await durable.open({ url: proxy.url(durable.url) });
    const id = await db.createCertificate(certificateInput());
    // The text is sent once for each connection.
    proxy.cutAt('UPDATE', moment);
    expect(await db.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
    expect(proxy.cuts).toBe(1);
    expect(await db.getCertificate(id)).toMatchObject({ status: 'SUSPENDED' });
  });

  test('without a sign, as in a network that lets nothing pass, does not hang a call with a statement timeout', async () => {
    const pool = { statementTimeoutMs: 200, connectTimeoutMs: 500 };
    const db = await durable.open({ url: proxy.url(durable.url), pool });
    await db.getAgent('a');
    proxy.silence();
    const calls = [
      () => db.getAgent('a'),
      () => db.createCertificate(certificateInput()),
      () => db.transaction((tx) => tx.getAgent('a')),
      () => db.updateCertificateStatus('c', 'VALID'),
    ];
    const start = performance.now();
    const errors = await Promise.all(calls.map((call) => call().catch((error: unknown) => error)));
    expect(performance.now() - start).toBeLessThan(5000);
    for (const error of errors) {
      expect(['TIMEOUT', 'UNAVAILABLE']).toContain((error as DatabaseError).code);
      expect(error).toMatchObject({ retryable: true });
    }
    proxy.restore();
    expect(await db.getAgent('a')).toBeNull();
  });

  test('and cannot be made again costs a call the connect timeout once, not once an attempt', async () => {
    const db = await durable.open({ url: proxy.url(durable.url), pool: { connectTimeoutMs: 300 } });
    proxy.silence();
    proxy.cutAll();
    for (const call of [() => db.getAgent('a'), () => db.updateCertificateStatus('c', 'VALID')]) {
      const start = performance.now();
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(true);
      expect(performance.now() - start).toBeLessThan(600);
    }
  });

  test('while nothing passes does not keep close from ending', async () => {
    const db = await durable.open({ url: proxy.url(durable.url) });
    const inside = createSignal();
    const end = createSignal();
    const transaction = db.transaction(async (tx) => {
      await tx.getAgent('a');
      inside.give();
      await end.given;
    });
    transaction.catch(() => undefined);
    await inside.given;
    await db.getAgent('a');
    end.give();
    await transaction;
    proxy.silence();
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

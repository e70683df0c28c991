import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseError, DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput, eventInput } from '../support/factories';
import { durableSettings, shareOwnServer, whyNoOwnServer } from '../support/own-server';
import { packageConnections } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { describeUnless } from '../support/skip';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

/** One call for each way in which statements are sent. */
const calls: readonly ((db: DatabaseService) => Promise<unknown>)[] = [
  (db) => db.getAgent('a'),
  (db) => db.createCertificate(certificateInput()),
  (db) => db.transaction((tx) => tx.getAgent('a')),
  (db) => db.updateCertificateStatus('c', 'VALID'),
];

const makers: readonly (readonly [string, (db: DatabaseService, id: string) => Promise<unknown>])[] = [
  ['createCertificate', (db, id) => db.createCertificate(certificateInput({ id }))],
  ['transaction', (db, id) => db.transaction((tx) => tx.createCertificate(certificateInput({ id })))],
];

const uncaught: unknown[] = [];
const collect = (error: unknown): void => void uncaught.push(error);
const signals = ['uncaughtException', 'unhandledRejection'];
beforeAll(() => signals.forEach((signal) => process.on(signal, collect)));
afterAll(() => signals.forEach((signal) => process.off(signal, collect)));
// No lost connection may throw an error that no code catches.
afterEach(() => expect(uncaught.splice(0)).toEqual([]));

describeUnless(whyNoOwnServer, 'on a server', () => {
  const own = shareOwnServer((db) => db.createCertificate(certificateInput({ id: 'c' })), durableSettings);

  async function expectFast(limitMs: number, work: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    await work();
    expect(performance.now() - start).toBeLessThan(limitMs);
  }

  async function openBehindProxy(pool = {}) {
    const proxy = await TcpProxy.start(own.server.port);
    return { proxy, db: await own.open({ url: proxy.url(own.url), pool: { connectTimeoutMs: 2000, ...pool } }) };
  }

  describe('lost connections', () => {
    test.each(makers)(
      'a connection that is lost during the commit of %s makes the call fail with an unknown outcome',
      async (name, make) => {
        for (const moment of ['before', 'after'] as const) {
          const { db, proxy } = await openBehindProxy();
          const id = `${name}-${moment}`;
          proxy.cutAt('COMMIT\0', moment);
          const error = await expectError('UNAVAILABLE', () => make(db, id));
          expect(error.message).toContain('may or may not have been kept');
          expect(proxy.cuts).toBe(1);
          const expected = moment === 'after' ? 1 : 0;
          await waitUntil(async () => (await own.count(`certificates WHERE id = '${id}'`)) === expected);
          expect(await db.getCertificate(id)).toEqual(moment === 'after' ? expect.anything() : null);
        }
      },
    );

    test.each(makers)(
      'a repeated call stores one record when the connection was lost after the INSERT of %s',
      async (name, make) => {
        const { db, proxy } = await openBehindProxy();
        proxy.cutAt('INSERT INTO certificates', 'after', 1);
        const id = `${name}-insert`;
        const error = await expectError('UNAVAILABLE', () => make(db, id));
        expect(error.retryable).toBe(true);
        // The last statements of a single call are sent together with its commit.
        if (name !== 'transaction') expect(error.message).toContain('may or may not have been kept');
        const again = await make(db, id).catch((thrown: unknown) => (thrown as DatabaseError).code);
        if (again !== id) expect([name, again]).toEqual(['createCertificate', 'ALREADY_EXISTS']);
        expect(await own.count(`certificates WHERE id = '${id}'`)).toBe(1);
      },
    );

    test('a call succeeds on a new connection when the first one is lost at BEGIN or UPDATE', async () => {
      const { db, proxy } = await openBehindProxy();
      proxy.cutAt('BEGIN', 'before');
      const id = await db.createCertificate(certificateInput());
      for (const [moment, status] of [
        ['before', 'SUSPENDED'],
        ['after', 'VALID'],
      ] as const) {
        const { db: other, proxy: cutting } = await openBehindProxy();
        // A connection sends the SQL text only when it prepares the statement.
        cutting.cutAt('UPDATE', moment);
        expect(await other.updateCertificateStatus(id, status)).toBe(true);
        expect(cutting.cuts).toBe(1);
        expect(await db.getCertificate(id)).toMatchObject({ status });
      }
    });

    test('later calls of a transaction fail with UNAVAILABLE when its connection is lost after a refused call', async () => {
      const { db, proxy } = await openBehindProxy();
      const id = await db.createCertificate(certificateInput());
      proxy.cutAt('ROLLBACK TO', 'before');
      const transaction = db.transaction(async (tx) => {
        await expectError('ALREADY_EXISTS', () => tx.createCertificate(certificateInput({ id })));
        await tx.recordSecurityEvent(eventInput());
      });
      expect((await expectError('UNAVAILABLE', () => transaction)).retryable).toBe(true);
      expect(proxy.cuts).toBe(1);
      expect(await db.getCertificate(id)).not.toBeNull();
    });

    test('calls fail within their time limits when the server does not answer', async () => {
      const { db, proxy } = await openBehindProxy({ statementTimeoutMs: 200, connectTimeoutMs: 500 });
      await db.getAgent('a');
      proxy.silence();
      await expectFast(5000, async () => {
        for (const error of await Promise.all(calls.map((call) => call(db).catch((thrown: unknown) => thrown)))) {
          expect(['TIMEOUT', 'UNAVAILABLE']).toContain((error as DatabaseError).code);
          expect(error).toMatchObject({ retryable: true });
        }
      });
      proxy.restore();
      expect(await db.getAgent('a')).toBeNull();
    });

    test('a server that stops answering delays each call by only one connect timeout', async () => {
      const { db, proxy } = await openBehindProxy({ connectTimeoutMs: 300 });
      proxy.silence();
      proxy.cutAll();
      for (const call of [calls[0], calls[3]]) {
        await expectFast(600, async () => {
          expect((await expectError('UNAVAILABLE', () => call?.(db))).retryable).toBe(true);
        });
      }
    });

    test('close() ends even when the server does not answer', async () => {
      const { db, proxy } = await openBehindProxy();
      const [inside, end] = [createSignal(), createSignal()];
      const transaction = db.transaction(async (tx) => {
        await tx.getAgent('a');
        inside.give();
        await end.given;
      });
      await inside.given;
      await db.getAgent('a');
      end.give();
      await transaction;
      proxy.silence();
      await expectFast(2000, () => db.close());
    });
  });

  describe('when the server stops or terminates its connections', () => {
    test('each call fails with a retryable UNAVAILABLE within two seconds when the server stops', async () => {
      const db = await own.open();
      await own.server.stop('immediate');
      afterTest(() => own.server.start());
      for (const call of calls) {
        await expectFast(2000, async () => {
          expect((await expectError('UNAVAILABLE', () => call(db))).retryable).toBe(true);
        });
      }
      await own.server.start();
      expect(await db.getAgent('a')).toBeNull();
    });

    test('close() ends while calls run on a stopping server, and initialize() succeeds after its start', async () => {
      const db = await own.open();
      const running = Array.from({ length: 5 }, async () => {
        for (;;) await db.getAgent('a');
      });
      const settled = Promise.allSettled(running);
      await sleep(50);
      await own.server.stop('immediate');
      await sleep(20);
      await expectFast(5000, () => db.close());
      await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
      await settled;
      await own.server.start();
      await db.initialize();
      expect(await db.getAgent('a')).toBeNull();
    });

    test('a transaction whose connection ends rethrows the error of its callback unchanged', async () => {
      const db = await own.open();
      const mine = new Error('mine');
      const attempt = db.transaction(async (tx) => {
        await tx.getAgent('a');
        for (const pid of await packageConnections(own.url)) {
          await administer(own.url, `SELECT pg_terminate_backend(${String(pid)})`);
        }
        await sleep(30);
        throw mine;
      });
      await expect(attempt).rejects.toBe(mine);
      expect(await db.getAgent('a')).toBeNull();
    });
  });
});

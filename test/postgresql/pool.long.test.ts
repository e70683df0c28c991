import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions } from '../../src';
import { startProcess } from '../support/child-process';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { packageConnections, whileLocked } from '../support/raw-client';
import { holdTransaction } from '../support/held-transaction';
import { openTestDatabase } from '../support/test-database';

async function open(pool: DatabaseOptions['pool']) {
  const { db, options } = await openTestDatabase({ pool });
  return { db, url: options.url };
}

describe('the pool', () => {
  test('the pool opens at most maxConnections connections, which have the name of the package', async () => {
    const { db, url } = await open({ maxConnections: 3 });
    const calls = await whileLocked(url, 'LOCK TABLE agents IN ACCESS EXCLUSIVE MODE', async () => {
      const waiting = Array.from({ length: 12 }, () => db.getAgent('a'));
      while ((await packageConnections(url)).length < 3) await sleep(20);
      await sleep(100);
      expect((await packageConnections(url)).length).toBe(3);
      return waiting;
    });
    await Promise.all(calls);
  });

  test('the pool closes connections that are idle for idleTimeoutMs', async () => {
    const { db, url } = await open({ idleTimeoutMs: 100 });
    await Promise.all(Array.from({ length: 5 }, () => db.getAgent('a')));
    expect((await packageConnections(url)).length).toBeGreaterThan(0);
    await sleep(400);
    expect((await packageConnections(url)).length).toBe(0);
    expect(await db.getAgent('a')).toBeNull();
  });

  test('calls fail with TIMEOUT after connectTimeoutMs while transactions use all connections of the pool', async () => {
    const { db } = await open({ maxConnections: 2, connectTimeoutMs: 300 });
    await createCertificate(db, { id: 'c' });
    const held = await Promise.all([1, 2].map(() => holdTransaction(db, (tx) => tx.getAgent('a'))));
    for (const call of [
      () => db.getAgent('a'),
      () => db.createCertificate(certificateInput()),
      () => db.updateCertificateStatus('c', 'VALID'),
      () => db.transaction((tx) => tx.getAgent('a')),
    ]) {
      const start = performance.now();
      const error = await expectError('TIMEOUT', call);
      const durationMs = performance.now() - start;
      expect(error.retryable).toBe(true);
      expect(durationMs).toBeGreaterThan(250);
      expect(durationMs).toBeLessThan(900);
    }
    for (const { release } of held) release();
    await Promise.all(held.map(({ outcome }) => outcome));
    expect(await db.getAgent('a')).toBeNull();
  });
});

describe('close', () => {
  test('close waits for calls in flight, for transactions and for calls that still need a connection', async () => {
    const { db, url } = await open({ maxConnections: 2 });
    await createCertificate(db, { id: 'c' });
    let calls: Promise<unknown>[] = [];
    await whileLocked(url, 'LOCK TABLE agents IN ACCESS EXCLUSIVE MODE', async () => {
      calls = [
        ...Array.from({ length: 6 }, (_, index) => db.createAgent(agentInput({ id: `a${index}`, certificateId: 'c' }))),
        db.transaction(async (tx) => {
          await sleep(50);
          return tx.createAgent(agentInput({ id: 'tx', certificateId: 'c' }));
        }),
      ];
      let isClosed = false;
      const closing = db.close().then(() => (isClosed = true));
      calls.push(closing);
      await sleep(100);
      expect(isClosed).toBe(false);
      await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    });
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(calls.map(() => 'fulfilled'));
    await sleep(50);
    expect((await packageConnections(url)).length).toBe(0);
    await db.initialize();
    expect(await db.queryAgents({})).toHaveLength(7);
  });
});

test('a process that does not close its database can exit', async () => {
  const { url } = await open({});
  const child = startProcess(join(__dirname, 'idle-process.ts'), url);
  // The idle timeout of its connections is longer than the time limit of the test.
  expect(await child.ended).toBe(0);
});

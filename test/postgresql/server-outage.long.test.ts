import { setTimeout as sleep } from 'node:timers/promises';
import { administer } from '../support/administration';
import { shareDurableServer } from '../support/durable-server';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { whyNoOwnServer } from '../support/own-server';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ans-database'`;

describeUnless(whyNoOwnServer, 'while the server is unreachable', () => {
  const durable = shareDurableServer();

  test('each call fails with a retryable UNAVAILABLE within two seconds and succeeds when the server is back', async () => {
    const db = await durable.open();
    await durable.server.stop('immediate');
    afterTest(() => durable.server.start());
    for (const call of [
      () => db.getAgent('a'),
      () => db.createCertificate(certificateInput()),
      () => db.updateCertificateStatus('c', 'SUSPENDED'),
      () => db.transaction((tx) => tx.getAgent('a')),
    ]) {
      const start = performance.now();
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(true);
      expect(performance.now() - start).toBeLessThan(2000);
    }
    await durable.server.start();
    expect(await db.getAgent('a')).toBeNull();
  });

  test('close() ends although calls are in flight, and initialize() succeeds when the server is back', async () => {
    const db = await durable.open();
    const calls = Array.from({ length: 5 }, async () => {
      for (;;) await db.getAgent('a');
    });
    const settled = Promise.allSettled(calls);
    await sleep(50);
    await durable.server.stop('immediate');
    await sleep(20);
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(5000);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await settled;
    await durable.server.start();
    await db.initialize();
    expect(await db.getAgent('a')).toBeNull();
  });

  test('a transaction rethrows the error of its callback unchanged', async () => {
    const db = await durable.open();
    const mine = new Error('mine');
    const attempt = db.transaction(async (tx) => {
      await tx.getAgent('a');
      await administer(durable.url, terminateOthers);
      await sleep(30);
      throw mine;
    });
    await expect(attempt).rejects.toBe(mine);
    expect(await db.getAgent('a')).toBeNull();
  });
});

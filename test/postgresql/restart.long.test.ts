import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseError, type DatabaseError, type DatabaseService, type TransactionScope } from '../../src';
import { faultRounds } from '../faults/rounds';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import type { StopMode } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { shareDurableServer } from '../support/durable-server';
import { whyNoOwnServer } from '../support/own-server';

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ans-database'`;

describeUnless(whyNoOwnServer, 'While the server goes and comes back', () => {
  const durable = shareDurableServer();

  /** Writers and readers that go on until they are told to stop. Gives the ids by what became of their calls. */
  function keepBusy(db: DatabaseService, prefix: string) {
    const outcome = {
      acknowledged: [] as string[],
      unknown: [] as string[],
      refused: [] as string[],
      reads: 0,
      errors: [] as DatabaseError[],
    };
    let isOver = false;
    const note = (error: unknown, id?: string): void => {
      if (!isDatabaseError(error)) throw error;
      outcome.errors.push(error);
      if (id === undefined) return;
      const isUnknown = error.message.includes('commit') || error.code === 'ALREADY_EXISTS';
      (isUnknown ? outcome.unknown : outcome.refused).push(id);
    };
    const loop = async (name: string, write: (id: string) => Promise<unknown>): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const id = `${prefix}-${name}-${round}`;
        try {
          await write(id);
          outcome.acknowledged.push(id);
        } catch (error) {
          note(error, id);
          await sleep(5);
        }
      }
    };
    const read = async (): Promise<void> => {
      while (!isOver) {
        try {
          await db.queryAgents({ owner: 'test-owner', limit: 3 });
          outcome.reads += 1;
          await sleep(1);
        } catch (error) {
          note(error);
          await sleep(5);
        }
      }
    };
    const create = (id: string) => agentInput({ id, certificateId: 'c', capabilities: [id], endpoints: [] });
    const loops = [
      loop('single', (id) => db.createAgent(create(id))),
      loop('single2', (id) => db.createAgent(create(id))),
      loop('transaction', (id) =>
        db.transaction(async (tx) => {
          await tx.createAgent(create(id));
          await tx.recordSecurityEvent(eventInput({ source: id }));
        }),
      ),
      loop('prisma', async (id) => {
        await db.createAgent(create(id));
        await db.updateCertificateStatus('c', 'SUSPENDED');
      }),
      read(),
    ];
    const stop = async () => {
      isOver = true;
      await Promise.all(loops);
      return outcome;
    };
    return { outcome, stop };
  }

  function expectRetryable(errors: readonly DatabaseError[]): void {
    const kinds = new Set(errors.map(({ code, retryable }) => `${code} ${retryable}`));
    // Somebody else's name may be found taken only by one's own attempt before.
    expect([...kinds].filter((kind) => kind !== 'UNAVAILABLE true')).toEqual([]);
  }

  async function expectKept({ acknowledged, refused }: { acknowledged: string[]; refused: string[] }): Promise<void> {
    const rows = await administer(durable.url, 'SELECT id FROM agents');
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(refused.filter((id) => !id.includes('prisma') && kept.has(id))).toEqual([]);
    expect(
      await durable.count(`security_events e WHERE NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = e.source)`),
    ).toBe(0);
    expect(await durable.count(`capabilities c WHERE NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = c.name)`)).toBe(0);
  }

  test.each<[string, () => Promise<void>]>([
    ['stopped fast', () => stopFor('fast')],
    ['stopped at once', () => stopFor('immediate')],
    ['killed', () => killServer()],
  ])(
    'a server that is %s: calls fail as retryable, the pool recovers, nothing acknowledged is lost',
    async (how, end) => {
      const db = await durable.open();
      const { outcome, stop } = keepBusy(db, how);
      for (let turn = 0; turn < Math.min(5, Math.ceil(faultRounds / 10)); turn += 1) {
        await sleep(300);
        await end();
        const before = outcome.acknowledged.length;
        const reads = outcome.reads;
        await waitUntil(() => outcome.acknowledged.length > before + 20 && outcome.reads > reads + 5);
      }
      const all = await stop();
      expect(all.errors.length).toBeGreaterThan(0);
      expectRetryable(all.errors);
      await expectKept(all);
    },
  );

  async function stopFor(mode: StopMode): Promise<void> {
    await durable.server.stop(mode);
    await sleep(300);
    await durable.server.start();
  }

  // All processes of a server end with one that dies a sudden death; the first starts them anew.
  async function killServer(): Promise<void> {
    const [backend] = await administer(durable.server.url(), 'SELECT pg_backend_pid() AS pid');
    expect(backend).toBeDefined();
    const victims = await administer(
      durable.url,
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'ans-database'",
    );
    for (const { pid } of victims.slice(0, 1)) process.kill(Number(pid), 'SIGKILL');
    await sleep(300);
  }

  test('single backends are terminated again and again: calls fail as retryable, and nothing acknowledged is lost', async () => {
    const db = await durable.open();
    const { outcome, stop } = keepBusy(db, 'terminated');
    for (let round = 0; round < faultRounds; round += 1) {
      await administer(durable.url, terminateOthers);
      await sleep(40);
    }
    await waitUntil(() => outcome.acknowledged.length > 20);
    const all = await stop();
    expectRetryable(all.errors);
    await expectKept(all);
  });

  test('a connection that is terminated while it is idle is replaced, and nobody notices', async () => {
    const db = await durable.open({ retry: false });
    await Promise.all(Array.from({ length: 5 }, () => db.getAgent('a')));
    await administer(durable.url, terminateOthers);
    await sleep(100);
    expect(await db.getAgent('a')).toBeNull();
    await db.transaction((tx) => tx.getAgent('a'));
  });

  test('a transaction that is open fails as retryable with whatever it does next, and leaves nothing', async () => {
    const db = await durable.open();
    const calls: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.getAgent(id))),
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.recordSecurityEvent(eventInput({ source: id })))),
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.updateCertificateStatus('c', 'SUSPENDED'))),
      (id) => db.transaction((tx) => begin(tx, id)),
    ];
    async function begin(tx: TransactionScope, id: string): Promise<void> {
      await tx.createCertificate(certificateInput({ id }));
      await administer(durable.url, terminateOthers);
      await sleep(30);
    }
    for (const [index, call] of calls.entries()) {
      const error = await expectError('UNAVAILABLE', () => call(`open-${index}`));
      expect(error.retryable).toBe(true);
      expect(await db.getCertificate(`open-${index}`)).toBeNull();
    }
  });

  test('what the callback throws for another reason is rethrown unchanged', async () => {
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

  test('close ends while the server is gone, and afterwards every call says so', async () => {
    const db = await durable.open();
    const { stop } = keepBusy(db, 'closing');
    await sleep(50);
    await durable.server.stop('immediate');
    await sleep(20);
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(5000);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await stop();
    await durable.server.start();
    await db.initialize();
    expect(await db.getAgent('a')).toBeNull();
  });

  test('a server that is gone for good: a call gives up soon, as UNAVAILABLE', async () => {
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
});

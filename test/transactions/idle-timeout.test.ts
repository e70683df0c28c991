import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { holdTransaction } from '../support/held-transaction';
import { createSignal } from '../support/signal';
import { databaseKinds, openTestDatabase } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';

const transactionIdleTimeoutMs = 100;

/** Id of the agent that the transaction changes, so that another call that changes it waits on both engines. */
const id = 'a';

/** Opens a database with one agent. */
async function open(options: DatabaseOptions): Promise<DatabaseService> {
  const { db } = await openTestDatabase({ transactionIdleTimeoutMs, ...options });
  await createAgent(db, { id });
  return db;
}

async function changeInside(tx: TransactionScope): Promise<void> {
  expect(await tx.updateAgent({ id, name: 'inside' })).toBe(true);
}

/** Returns the reasons of unhandled rejections while `work` runs. */
async function unhandledBy(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', hear);
  try {
    await work();
    // Node.js reports an unhandled rejection after the microtasks of one turn of the event loop.
    await sleep(5);
  } finally {
    process.off('unhandledRejection', hear);
  }
  return unhandled;
}

describe.each(databaseKinds)('a transaction on %s that waits for a write outside it', (_name, options) => {
  test('a transaction that waits for a write outside it is rolled back with one TIMEOUT that names the cause', async () => {
    const { db, events } = await openTestDatabase({ transactionIdleTimeoutMs, ...options });
    await createAgent(db, { id });
    const queue = startWorkQueue();
    const nextCalls: unknown[] = [];
    const done = createSignal();
    const unhandled = await unhandledBy(async () => {
      const outcome = db.transaction(async (tx) => {
        await changeInside(tx);
        await queue.add(() => db.updateAgent({ id, description: 'queued' }));
        for (const call of [() => tx.getAgent(id), () => tx.deleteAgent(id), () => tx.events.count()]) {
          nextCalls.push(await expectError('TIMEOUT', call));
        }
        done.give();
        throw new Error('the callback fails, too');
      });
      const error = await expectError('TIMEOUT', () => outcome);
      expect(error).toMatchObject({ operation: 'transaction', retryable: false });
      expect(error.message).toMatch(/transactionIdleTimeoutMs.*another call of this process waited/);
      await done.given;
    });
    expect(nextCalls).toMatchObject(Array(3).fill({ code: 'TIMEOUT', retryable: false }));
    expect(unhandled).toEqual([]);
    const ends = events.filter(
      ({ type, ...event }) =>
        type === 'transaction' || ('operation' in event && event.operation === 'transaction' && type === 'error'),
    );
    expect(ends).toMatchObject([
      { type: 'transaction', outcome: 'rollback' },
      { type: 'error', operation: 'transaction', code: 'TIMEOUT', attempt: 1 },
    ]);
    const agent = await db.getAgent(id);
    expect(agent?.description).toBe('queued');
    expect(agent?.name).not.toBe('inside');
  });

  test('an idle transaction is rolled back when its callback never ends and many writers wait', async () => {
    const db = await open(options);
    const { outcome } = await holdTransaction(db, changeInside);
    const writes = Array.from({ length: 5 }, (_, index) => db.agents.mergeMetadata(id, { [`key${index}`]: index }));
    await expectError('TIMEOUT', () => outcome);
    expect(await Promise.all(writes)).toEqual(Array(5).fill(true));
    expect((await db.getAgent(id))?.metadata).toMatchObject({ key0: 0, key4: 4 });
    await db.transaction(changeInside);
    expect((await db.getAgent(id))?.name).toBe('inside');
  });

  test('a transaction that was rolled back as idle cannot write to the next transaction', async () => {
    const db = await open(options);
    const queue = startWorkQueue();
    const late: unknown[] = [];
    const second = createSignal();
    const ended = createSignal();
    const outcome = db.transaction(async (tx) => {
      await changeInside(tx);
      await queue.add(() => db.updateAgent({ id, description: 'queued' }));
      await second.given;
      late.push(await expectError('TIMEOUT', () => tx.createCertificate(certificateInput({ id: 'late' }))));
      // The callback of the ended transaction still runs, so that a write outside the transaction is refused in it.
      late.push(await expectError('CONFLICT', () => createCertificate(db, { id: 'late' })));
      ended.give();
    });
    await expectError('TIMEOUT', () => outcome);
    await queue.add(() => Promise.resolve());
    await db.transaction(async (tx) => {
      await changeInside(tx);
      second.give();
      await ended.given;
      await tx.createCertificate(certificateInput({ id: 'second' }));
    });
    expect(late).toHaveLength(2);
    expect(await db.getCertificate('late')).toBeNull();
    expect(await db.getCertificate('second')).not.toBeNull();
  });

  test('an idle transaction is rolled back when another one waits, and the idle time of the waiting one starts after that', async () => {
    const db = await open(options);
    const queue = startWorkQueue();
    const outcome = db.transaction(async (tx) => {
      await changeInside(tx);
      await queue.add(() =>
        db.transaction(async (other) => {
          await other.updateAgent({ id, description: 'other' });
          await sleep(2 * transactionIdleTimeoutMs);
          await other.updateAgent({ id, name: 'other' });
        }),
      );
    });
    await expectError('TIMEOUT', () => outcome);
    await queue.add(() => Promise.resolve());
    expect(await db.getAgent(id)).toMatchObject({ name: 'other', description: 'other' });
  });
});

/** Expects that a transaction that runs `work` while another call waits for it is committed, and that the call succeeds. */
async function expectCommitted(db: DatabaseService, work: (tx: TransactionScope) => Promise<unknown>): Promise<void> {
  const { outcome, release } = await holdTransaction(db, changeInside, work);
  release();
  const write = db.updateAgent({ id, description: 'beside' });
  await outcome;
  expect(await write).toBe(true);
  expect(await db.getAgent(id)).toMatchObject({ name: 'inside', description: 'beside' });
}

describe.each(databaseKinds)('an idle transaction on %s', (_name, options) => {
  test('a transaction is not rolled back as idle while it sends statements, although another call waits', async () => {
    await expectCommitted(await open(options), async (tx) => {
      for (let round = 0; round < 6; round += 1) {
        await sleep(transactionIdleTimeoutMs / 3);
        await tx.getAgent(id);
      }
    });
  });

  test('a transaction is not rolled back as idle until another call waits for it', async () => {
    const db = await open(options);
    const { outcome, release } = await holdTransaction(db, changeInside);
    await sleep(2 * transactionIdleTimeoutMs);
    const write = db.updateAgent({ id, description: 'beside' });
    await sleep(transactionIdleTimeoutMs / 5);
    release();
    expect(await outcome).toBe('done');
    await write;
    expect(await db.getAgent(id)).toMatchObject({ name: 'inside', description: 'beside' });
  });

  test('a transaction is not rolled back as idle while it computes without yielding to the event loop', async () => {
    await expectCommitted(await open(options), async (tx) => {
      await new Promise((resolve) => setImmediate(resolve));
      const end = performance.now() + 2 * transactionIdleTimeoutMs;
      while (performance.now() < end);
      // Continues in the next turn of the event loop, as a call does whose reply has already arrived.
      await new Promise((resolve) => setImmediate(resolve));
      await tx.updateAgent({ id, version: 'computed' });
    });
  });

  test('an idle transaction is not rolled back when transactionIdleTimeoutMs is 0', async () => {
    await expectCommitted(await open({ ...options, transactionIdleTimeoutMs: 0 }), () =>
      sleep(2 * transactionIdleTimeoutMs),
    );
  });
});

test('close waits until an idle transaction is rolled back and the waiting write has succeeded', async () => {
  const db = await open({});
  const queue = startWorkQueue();
  const begun = createSignal();
  const outcome = db.transaction(async (tx) => {
    await changeInside(tx);
    await queue.add(() => {
      const write = db.updateAgent({ id, description: 'queued' });
      begun.give();
      return write;
    });
  });
  const rejected = expectError('TIMEOUT', () => outcome);
  await begun.given;
  await db.close();
  await rejected;
  await db.initialize();
  expect((await db.getAgent(id))?.description).toBe('queued');
});

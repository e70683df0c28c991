import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { connectRaw, packageConnections, whileLocked } from '../support/raw-client';
import { openWork } from './strikes';
import { writes, type Write } from './work';

const retry = { attempts: 2, baseDelayMs: 1, maxDelayMs: 1 };
const transact: Write = (work, unit) => work.transact(unit);

/** Limits of the time that a call waits for a lock, and the codes of their errors. */
const limits = [
  ['statementTimeoutMs', 'TIMEOUT', { pool: { maxConnections: 1, statementTimeoutMs: 150 } }, ''],
  ['lock_timeout', 'BUSY', { pool: { maxConnections: 1 }, retry }, '-c lock_timeout=100'],
] as const;

const allTables = 'LOCK TABLE changes, security_event_pending_entries IN ACCESS EXCLUSIVE MODE';

describe.each(limits)('locks longer than %s', (limit, code, options, settings) => {
  test.each([...writes, ['transaction', transact] as const])(
    `the write %s fails with ${code} and writes nothing when another session holds a lock longer than ${limit}`,
    async (_name, write) => {
      const { url, work, expectFailedOnce } = await openWork(options, settings);
      await write(work, 'unit prepared-0');
      const before = await packageConnections(url);
      await whileLocked(url, allTables, () => write(work, 'unit locked-0'));
      await expectFailedOnce({ code, retryable: true }, write);
      // The sequencer may have opened its own connection meanwhile.
      expect(await packageConnections(url)).toEqual(expect.arrayContaining(before));
    },
  );

  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['getAgent', (db) => db.getAgent('a')],
    ['queryAgents', (db) => db.queryAgents({ owner: 'unit before-0' })],
    ['agents.iterate', (db) => db.agents.iterate({})[Symbol.asyncIterator]().next()],
  ])(`the read %s fails with ${code} when another session holds a lock longer than ${limit}`, async (_name, read) => {
    const { db, url, expectKept } = await openWork(options, settings);
    await whileLocked(url, 'LOCK TABLE agents IN ACCESS EXCLUSIVE MODE', async () => {
      expect((await expectError(code, () => read(db))).retryable).toBe(true);
    });
    await read(db);
    await expectKept();
  });

  test(`changes of a row fail with ${code} when another session locks the row longer than ${limit}`, async () => {
    const { db, url, work, expectKept } = await openWork(options, settings);
    await work.change('unit before-0');
    const [agent] = await db.queryAgents({});
    const id = agent?.id ?? '';
    let runs = 0;
    await whileLocked(url, 'SELECT 1 FROM agents FOR UPDATE', async () => {
      const calls = [
        () => db.updateAgent({ id, version: '9.0.0' }),
        () => db.deleteAgent(id),
        () =>
          db.transaction(async (tx) => {
            runs += 1;
            await tx.createCertificate(certificateInput({ id: 'undone' }));
            await tx.updateAgent({ id, version: '9.0.0' });
          }),
      ];
      for (const call of calls) expect((await expectError(code, call)).retryable).toBe(true);
    });
    // The callback is not repeated after its own time limit.
    expect(runs).toBe(1);
    expect(await db.getAgent(id)).toEqual(agent);
    expect(await db.getCertificate('undone')).toBeNull();
    expect(await db.updateAgent({ id, name: 'Free' })).toBe(true);
    await expectKept();
  });
});

test('a call succeeds when a lock of another session ends before its last attempt', async () => {
  const patient = { retry: { attempts: 50, baseDelayMs: 10, maxDelayMs: 10 } };
  const { url, work, expectKept } = await openWork(patient, '-c lock_timeout=100');
  const other = await connectRaw(url);
  await other.query(`BEGIN; ${allTables}`);
  const call = work.register('unit patient-0');
  await sleep(350);
  await other.query('ROLLBACK');
  await call;
  expect(work.errors).toEqual([]);
  await expectKept();
});

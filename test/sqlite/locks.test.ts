import type { DatabaseOptions, TransactionScope } from '../../src';
import { longestBlockMs } from '../support/event-loop';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { rawRows, rawValues } from '../support/raw-reader';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

/** Opens a database whose write lock another connection holds until `release`. */
async function openLocked(options: DatabaseOptions) {
  const database = await openTestDatabase({ busyTimeoutMs: 5, ...options });
  const agentId = await createAgent(database.db);
  database.events.length = 0;
  const other = openSqlite(database.options.url);
  other.exec('BEGIN IMMEDIATE');
  const create = (id: string): Promise<string> => createCertificate(database.db, { id, subject: 'CN=new' });
  const created = async (): Promise<string[]> =>
    (await database.db.certificates.query({ subject: 'CN=new' })).map(({ id }) => id).sort();
  return { ...database, agentId, create, created, release: () => void other.close() };
}

describe('a write lock of another process', () => {
  test('a write fails with BUSY after busyTimeoutMs while another process holds the write lock', async () => {
    const { create, created, release } = await openLocked({ busyTimeoutMs: 100, retry: false });
    const start = performance.now();
    const error = await expectError('BUSY', () => create('a'));
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(60);
    expect(elapsed).toBeLessThan(2000);
    expect(error).toMatchObject({ operation: 'certificates.create', retryable: true });
    expect(error.cause).toMatchObject({ code: 'SQLITE_BUSY' });
    release();
    await create('b');
    expect(await created()).toEqual(['b']);
  });

  test.each<[string, DatabaseOptions['retry'], number[]]>([
    ['no retries with retry: false', false, []],
    ['no retries with attempts: 1', { attempts: 1 }, []],
    ['two retries with attempts: 3', { attempts: 3, baseDelayMs: 1 }, [1, 2]],
    ['four retries by default', { baseDelayMs: 1 }, [1, 2, 3, 4]],
  ])('a write lock of another process causes %s and one error event', async (_, retry, expected) => {
    const { events, create, release } = await openLocked({ retry });
    await expectError('BUSY', () => create('a'));
    release();
    const retries = events.flatMap((event) => (event.type === 'retry' ? [event] : []));
    expect(retries).toMatchObject(
      expected.map((attempt) => ({ attempt, code: 'BUSY', operation: 'certificates.create' })),
    );
    expect(events.filter(({ type }) => type === 'error')).toMatchObject([{ code: 'BUSY' }]);
  });

  test.each<[string, DatabaseOptions]>([
    ['busyTimeoutMs', { busyTimeoutMs: 5000, retry: false }],
    ['the retries', { retry: { attempts: 50, baseDelayMs: 5, maxDelayMs: 10 } }],
  ])('a write succeeds when another process releases the write lock before the end of %s', async (_, options) => {
    const { create, created, release } = await openLocked(options);
    setTimeout(release, 30);
    await create('a');
    expect(await created()).toEqual(['a']);
  });

  test('a transaction fails with BUSY before its callback is called while another process holds the write lock', async () => {
    const { db, release } = await openLocked({ retry: false });
    const work = jest.fn(() => 'done');
    await expectError('BUSY', () => db.transaction(work));
    expect(work).not.toHaveBeenCalled();
    release();
    expect(await db.transaction(work)).toBe('done');
  });

  test('each of several writes that wait for a write lock fails, and writes after its release succeed', async () => {
    const { create, created, release } = await openLocked({ busyTimeoutMs: 20, retry: false });
    await Promise.all(['1', '2', '3', '4', '5'].map((id) => expectError('BUSY', () => create(id))));
    release();
    await Promise.all(['6', '7', '8'].map(create));
    expect(await created()).toEqual(['6', '7', '8']);
  });

  test('a write that waits for the write lock of another process does not block the event loop', async () => {
    const { create, release } = await openLocked({ busyTimeoutMs: 400, retry: false });
    expect(await longestBlockMs(() => expectError('BUSY', () => create('a')))).toBeLessThan(200);
    release();
  });
});

describe('a COMMIT for which the storage reports an error', () => {
  const fast = { baseDelayMs: 1, maxDelayMs: 5 };

  test('a COMMIT with a storage error is retried, so that a single call takes effect once', async () => {
    const database = await openFailingDatabase({ retry: fast });
    database.failStatements('COMMIT', 2);
    expect(await createCertificate(database.db, { id: 'a' })).toBe('a');
    expect(database.failures()).toBe(2);
    expect(database.events.filter(({ type }) => type === 'retry')).toMatchObject([
      { code: 'UNAVAILABLE', attempt: 1, operation: 'certificates.create' },
      { code: 'UNAVAILABLE', attempt: 2, operation: 'certificates.create' },
    ]);
    expect(await rawValues(database, 'certificates', 'id')).toEqual(['a']);
  });

  test('a transaction whose COMMIT has a storage error fails with UNAVAILABLE and changes nothing', async () => {
    const database = await openFailingDatabase({ retry: false });
    database.failStatements('COMMIT', 1);
    const work = jest.fn((tx: TransactionScope) => tx.createCertificate(certificateInput({ id: 'a' })));
    await expectError('UNAVAILABLE', () => database.db.transaction(work));
    expect(work).toHaveBeenCalledTimes(1);
    expect(await rawValues(database, 'certificates', 'id')).toEqual([]);
    expect(await database.db.transaction(work)).toBe('a');
  });
});

// SQLite rolls a transaction back by itself when the disk is full; this trigger has the same effect.
const rollbackTrigger = `CREATE TRIGGER end_transaction BEFORE INSERT ON security_events WHEN NEW.target = 'full'
  BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END`;

describe('a transaction that SQLite has rolled back after a storage error', () => {
  test('all later calls of a transaction fail after SQLite has rolled it back because of a storage error', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await changeRaw(database, rollbackTrigger);
    const error = await expectError('UNAVAILABLE', () =>
      db.transaction(async (tx) => {
        await tx.createAgent(agentInput({ id: 'before', certificateId }));
        await tx.recordSecurityEvent(eventInput({ target: 'full' })).catch(() => undefined);
        await expectError('UNAVAILABLE', () => tx.createAgent(agentInput({ id: 'after', certificateId })));
        await expectError('UNAVAILABLE', () => tx.getAgent('before'));
        await expectError('UNAVAILABLE', () => tx.updateCertificateStatus(certificateId, 'SUSPENDED'));
      }),
    );
    expect(error.message).toBe('Transaction failed: SQLite rolled the transaction back after a storage error');
    const outcomes = database.events.flatMap((event) => (event.type === 'transaction' ? [event.outcome] : []));
    expect(outcomes).toEqual(['rollback']);
    expect(await rawRows(database, 'agents')).toEqual([]);
    expect(await db.getCertificate(certificateId)).toMatchObject({ status: 'VALID' });
    await db.createAgent(agentInput({ id: 'next', certificateId }));
    expect(await db.getAgent('next')).not.toBeNull();
  });
});

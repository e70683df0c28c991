import { isDatabaseError, type DatabaseErrorCode, type DatabaseService, type TransactionScope } from '../../../src';
import { soundReport } from '../../support/sound-database';
import { agentInput, certificateInput, eventInput } from '../../support/factories';
import { allRawRows, rawCounts } from '../../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../../support/test-database';
import { withStorageFault, type StorageFault } from './storage-faults';

type Calls = Pick<TransactionScope, keyof DatabaseService & keyof TransactionScope>;

/** Returns the parts of an agent that are stored in other tables. */
const parts = (revision: number) => ({
  endpoints: ['first', 'second'].map((id) => ({ id, protocol: 'https', address: 'a', port: 1000 + revision })),
  capabilities: [`revision-${revision}`, 'shared'],
  metadata: { revision },
});
const agent = (id: string, certificateId: string) => agentInput({ id, certificateId, ...parts(0) });

/** Calls that write, on a certificate and an agent with the id `id`. Each can be made once. */
const calls: Readonly<Record<string, (db: Calls, id: string) => Promise<unknown>>> = {
  createAgent: (db, id) => db.createAgent(agent(`${id}-new`, id)),
  updateAgent: (db, id) => db.updateAgent({ id, version: '1.1.0', ...parts(1) }),
  deleteAgent: (db, id) => db.deleteAgent(id),
  createCertificate: (db, id) => db.createCertificate(certificateInput({ id: `${id}-new`, metadata: { a: 1 } })),
  updateCertificateStatus: (db, id) => db.updateCertificateStatus(id, 'REVOKED'),
  recordSecurityEvent: (db, id) => db.recordSecurityEvent(eventInput({ id, metadata: { a: 1 } })),
  register: (db, id) =>
    db.register({
      certificate: certificateInput({ id: `${id}-new` }),
      agent: agent(`${id}-new`, `${id}-new`),
      event: eventInput({ id }),
    }),
  'agents.createMany': (db, id) => db.agents.createMany([agent(`${id}-1`, id), agent(`${id}-2`, id)]),
  'certificates.revoke': (db, id) => db.certificates.revoke(id, { reason: 'superseded', agents: 'suspend' }),
  'certificates.rotate': (db, id) => db.certificates.rotate(id, certificateInput({ id: `${id}-new` })),
  'events.recordMany': (db, id) => db.events.recordMany([1, 2].map((number) => eventInput({ id: `${id}-${number}` }))),
};

const inTransaction = ['createAgent', 'updateCertificateStatus', 'recordSecurityEvent', 'updateAgent'];

const wholes: readonly (readonly [name: string, work: (db: DatabaseService, id: string) => Promise<unknown>])[] = [
  ...Object.entries(calls),
  [
    'transaction',
    (db, id) =>
      db.transaction(async (tx) => {
        for (const name of inTransaction) await calls[name]?.(tx, id);
      }),
  ],
];

const faults: readonly (StorageFault & { readonly as: DatabaseErrorCode })[] = [
  { code: 'SQLITE_BUSY', rollsBack: false, as: 'BUSY' },
  { code: 'SQLITE_FULL', rollsBack: false, as: 'STORAGE_FULL' },
  { code: 'SQLITE_FULL', rollsBack: true, as: 'STORAGE_FULL' },
  { code: 'SQLITE_IOERR_WRITE', rollsBack: false, as: 'UNAVAILABLE' },
  { code: 'SQLITE_IOERR_FSYNC', rollsBack: true, as: 'UNAVAILABLE' },
];

/** Creates the certificate and the agent that a call uses. */
async function prepare({ db }: TestDatabase, id: string): Promise<void> {
  await db.createCertificate(certificateInput({ id }));
  await db.createAgent(agent(id, id));
}

/** Makes a call while the storage fails one statement; returns the SQL of the statement and the code of the call. */
async function attempt(at: number, fault: StorageFault, call: () => Promise<unknown>) {
  let code: string | undefined = 'acknowledged';
  const note = (error: unknown): void => void (code = isDatabaseError(error) ? error.code : String(error));
  const sql = await withStorageFault(at, fault, () => call().catch(note));
  return { sql, code };
}

test.each(wholes)('%s changes nothing when the storage reports an error for one of its statements', async (_, work) => {
  // Without retries and without waits for a lock, each statement runs only once.
  const database = await openTestDatabase({ retry: false, breaker: false, busyTimeoutMs: 0 });
  for (const [index, fault] of faults.entries()) {
    const id = `id-${index}`;
    await prepare(database, id);
    const before = await allRawRows(database);
    const failed: string[] = [];
    for (let at = 1; ; at += 1) {
      const { sql, code } = await attempt(at, fault, () => work(database.db, id));
      if (sql === undefined) {
        expect(code).toBe('acknowledged');
        break;
      }
      failed.push(sql);
      expect({ sql, code, rows: await allRawRows(database) }).toEqual({ sql, code: fault.as, rows: before });
    }
    expect(failed).toEqual(expect.arrayContaining(['BEGIN IMMEDIATE', 'COMMIT']));
    expect(await allRawRows(database)).not.toEqual(before);
  }
  expect(await database.db.check()).toEqual(soundReport);
});

test.each(Object.entries(calls))(
  '%s is retried and takes effect once when the storage reports an error for one of its statements',
  async (_, call) => {
    const database = await openTestDatabase({ retry: { attempts: 2, baseDelayMs: 1 }, breaker: false });
    const added = async (at: number): Promise<{ readonly sql: string | undefined; readonly rows: unknown }> => {
      const id = `id-${at}`;
      await prepare(database, id);
      const before = await rawCounts(database);
      const fault = { code: 'SQLITE_IOERR_WRITE', rollsBack: at % 2 === 0 };
      const { sql, code } = await attempt(at, fault, () => call(database.db, id));
      expect(code).toBe('acknowledged');
      const after = await rawCounts(database);
      return { sql, rows: Object.entries(after).map(([table, count]) => [table, count - (before[table] ?? 0)]) };
    };
    // The first call also writes rows that later calls share.
    await added(-1);
    const { rows: once } = await added(0);
    let failed = 0;
    for (let at = 1; ; at += 1) {
      const { sql, rows } = await added(at);
      expect({ sql, rows }).toEqual({ sql, rows: once });
      if (sql === undefined) break;
      failed += 1;
    }
    expect(failed).toBeGreaterThan(2);
    expect(await database.db.check()).toEqual(soundReport);
  },
);

test('a refused call changes nothing even if its rollback fails, and the next call succeeds', async () => {
  const database = await openTestDatabase({ retry: false, breaker: false, busyTimeoutMs: 0 });
  await prepare(database, 'a');
  const before = await allRawRows(database);
  const failed: string[] = [];
  for (const fault of faults) {
    for (const call of [
      () => database.db.createAgent(agent('a', 'a')),
      () => database.db.transaction((tx) => tx.createAgent(agent('a', 'a'))),
    ]) {
      for (let at = 1; ; at += 1) {
        const { sql, code } = await attempt(at, fault, call);
        expect({ code, rows: await allRawRows(database) }).toEqual({
          code: expect.not.stringMatching('acknowledged') as string,
          rows: before,
        });
        if (sql === undefined) break;
        failed.push(sql);
      }
    }
  }
  expect(failed).toContain('ROLLBACK');
  await prepare(database, 'b');
  expect(await database.db.check()).toEqual(soundReport);
});

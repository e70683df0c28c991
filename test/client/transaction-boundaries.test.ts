import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate, eventInput } from '../support/factories';
import { createSignal } from '../support/signal';
import { testOn } from '../support/skip';
import { databaseKinds, openTestDatabase } from '../support/test-database';

async function open(options: DatabaseOptions): Promise<DatabaseService> {
  return (await openTestDatabase(options)).db;
}

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

/** Every method of the outer database that writes, by its name. */
const outerWrites: readonly (readonly [name: string, write: (db: DatabaseService) => Promise<unknown>])[] = [
  ['createCertificate', (db) => db.createCertificate(certificateInput())],
  ['updateCertificateStatus', (db) => db.updateCertificateStatus('known', 'SUSPENDED')],
  ['createAgent', (db) => db.createAgent(agentInput({ certificateId: 'known' }))],
  ['updateAgent', (db) => db.updateAgent({ id: 'agent', name: 'x' })],
  ['deleteAgent', (db) => db.deleteAgent('agent')],
  ['recordSecurityEvent', (db) => db.recordSecurityEvent(eventInput())],
  ['transaction', (db) => db.transaction((tx) => tx.getAgent('agent'))],
  ['migrateDatabase', (db) => db.migrateDatabase()],
  ['close', (db) => db.close()],
];

describe.each(databaseKinds)('Inside the callback of a transaction of %s, the outer database', (_name, options) => {
  test.each(outerWrites)('refuses %s at once with CONFLICT, and the transaction goes on', async (_method, write) => {
    const db = await open(options);
    await createCertificate(db, { id: 'known' });
    await db.transaction(async (tx) => {
      await createInside(tx, 'before');
      const start = performance.now();
      const error = await expectError('CONFLICT', () => write(db));
      expect(performance.now() - start).toBeLessThan(1000);
      expect(error.retryable).toBe(false);
      await createInside(tx, 'after');
    });
    expect(await db.getCertificate('before')).not.toBeNull();
    expect(await db.getCertificate('after')).not.toBeNull();
    expect(await db.getCertificate('known')).toMatchObject({ status: 'VALID' });
  });

  test('refuses a write as well from further down: a timer, a promise, a callback', async () => {
    const db = await open(options);
    await db.transaction(async (tx) => {
      await sleep(1);
      await expectError('CONFLICT', () => createCertificate(db));
      await Promise.all([1, 2].map(() => expectError('CONFLICT', () => createCertificate(db))));
      const outcome = new Promise((resolve) => setTimeout(() => resolve(createCertificate(db)), 1));
      await expectError('CONFLICT', () => outcome);
      await createInside(tx, 'inside');
    });
    expect(await db.queryAgents({})).toEqual([]);
    expect(await db.getCertificate('inside')).not.toBeNull();
  });

  test('reads the last committed state', async () => {
    const db = await open(options);
    await createCertificate(db, { id: 'known' });
    await db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      await tx.createAgent(agentInput({ id: 'agent', certificateId: 'inside' }));
      await tx.updateCertificateStatus('known', 'REVOKED');
      await tx.recordSecurityEvent(eventInput());
      expect(await db.getCertificate('inside')).toBeNull();
      expect(await db.getCertificate('known')).toMatchObject({ status: 'VALID' });
      expect(await db.getAgent('agent')).toBeNull();
      expect(await db.queryAgents({})).toEqual([]);
      expect(await db.querySecurityEvents({})).toEqual([]);
    });
    expect(await db.getCertificate('known')).toMatchObject({ status: 'REVOKED' });
    expect(await db.queryAgents({})).toHaveLength(1);
  });
});

describe('Beside a transaction, another caller', () => {
  const title = 'reads the last committed state without waiting, and writes when the transaction has ended';
  testOn('sqlite', title, async () => {
    const { db } = await openTestDatabase();
    const opened = createSignal();
    const release = createSignal();
    const transaction = db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      opened.give();
      await release.given;
    });
    await opened.given;
    expect(await db.getCertificate('inside')).toBeNull();
    let isWritten = false;
    const beside = createCertificate(db, { id: 'beside' }).finally(() => (isWritten = true));
    await sleep(50);
    expect(isWritten).toBe(false);
    release.give();
    await Promise.all([transaction, beside]);
    expect(await db.getCertificate('inside')).not.toBeNull();
  });

  testOn('postgresql', 'reads the last committed state, and writes, without waiting', async () => {
    const { db } = await openTestDatabase();
    const opened = createSignal();
    const release = createSignal();
    const transaction = db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      opened.give();
      await release.given;
    });
    await opened.given;
    expect(await db.getCertificate('inside')).toBeNull();
    await createCertificate(db, { id: 'beside' });
    release.give();
    await transaction;
    expect(await db.getCertificate('inside')).not.toBeNull();
  });

  test('keeps its write when the transaction is rolled back', async () => {
    const { db } = await openTestDatabase();
    const opened = createSignal();
    const transaction = db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      opened.give();
      await sleep(20);
      throw new Error('undo');
    });
    await opened.given;
    const beside = Promise.all([
      createCertificate(db, { id: 'beside' }),
      db.recordSecurityEvent(eventInput({ id: 'event' })),
    ]);
    await expect(transaction).rejects.toThrow('undo');
    await beside;
    expect(await db.getCertificate('inside')).toBeNull();
    expect(await db.getCertificate('beside')).not.toBeNull();
    expect(await db.querySecurityEvents({ ids: ['event'] })).toHaveLength(1);
  });

  test('that closes the database waits for the transaction, which can do all of its work', async () => {
    const { db } = await openTestDatabase();
    const opened = createSignal();
    const transaction = db.transaction(async (tx) => {
      opened.give();
      await sleep(20);
      await createInside(tx, 'inside');
      return 'done';
    });
    await opened.given;
    await db.close();
    expect(await transaction).toBe('done');
    await expectError('NOT_INITIALIZED', () => db.transaction(() => 'never'));
    await db.initialize();
    expect(await db.getCertificate('inside')).not.toBeNull();
  });
});

describe('After the end of a transaction', () => {
  test.each(['a commit', 'a rollback'])('all that its scope offers fails with CONFLICT: %s', async (end) => {
    const { db } = await openTestDatabase();
    let scope: TransactionScope | undefined;
    await db
      .transaction(async (tx) => {
        scope = tx;
        await createInside(tx, 'inside');
        if (end === 'a rollback') throw new Error('undo');
      })
      .catch(() => undefined);
    // The compiler does not see that the callback above has set it.
    const tx = scope as unknown as TransactionScope;
    const calls = [
      () => createInside(tx, 'late'),
      () => tx.getCertificate('inside'),
      () => tx.updateCertificateStatus('inside', 'REVOKED'),
      () => tx.createAgent(agentInput({ certificateId: 'inside' })),
      () => tx.updateAgent({ id: 'agent', name: 'x' }),
      () => tx.deleteAgent('agent'),
      () => tx.getAgent('agent'),
      () => tx.queryAgents({}),
      () => tx.recordSecurityEvent(eventInput()),
      () => tx.querySecurityEvents({}),
    ];
    for (const call of calls) await expectError('CONFLICT', call);
    // Nor while another transaction is open, of which it is no part.
    await db.transaction(() => expectError('CONFLICT', () => createInside(tx, 'late')));
    expect(await db.getCertificate('late')).toBeNull();
  });

  test('a timer that its callback left behind may write to the outer database', async () => {
    const { db } = await openTestDatabase();
    const written: Promise<string>[] = [];
    const left = createSignal();
    await db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      setTimeout(() => {
        written.push(
          createCertificate(db, { id: 'timer' }),
          db.transaction((later) => createInside(later, 'later')),
        );
        left.give();
      }, 30);
    });
    await left.given;
    expect(await Promise.all(written)).toEqual(['timer', 'later']);
  });

  test('the database is as free as before: for others, for itself, after a throw too', async () => {
    const { db } = await openTestDatabase();
    for (let round = 0; round < 20; round += 1) {
      const undone = db.transaction(async (tx) => {
        await createInside(tx, `undone-${round}`);
        throw new Error('undo');
      });
      await expect(undone).rejects.toThrow('undo');
      await createCertificate(db, { id: `done-${round}` });
    }
    expect(await db.getCertificate('undone-7')).toBeNull();
    expect(await db.getCertificate('done-19')).not.toBeNull();
  });
});

describe('A transaction of a database that is not open', () => {
  test('fails with NOT_INITIALIZED, and its callback is not called', async () => {
    const db = await open({});
    await db.close();
    const work = jest.fn();
    const error = await expectError('NOT_INITIALIZED', () => db.transaction(work));
    expect(error.message).toBe('Database is not initialized');
    expect(work).not.toHaveBeenCalled();
  });
});

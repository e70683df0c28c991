import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

// SQLite ends a transaction by itself when the disk is full; a trigger can have it do the same.
const rollbackTrigger = `CREATE TRIGGER end_transaction BEFORE INSERT ON security_events WHEN NEW.target = 'full'
  BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END`;

describe('A transaction that the storage has rolled back', () => {
  test('refuses whatever follows, and nothing of it is kept', async () => {
    const database = await openTestDatabase();
    const { db } = database;
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
    expect(await rawRows(database, 'agents')).toEqual([]);
    expect(await db.getCertificate(certificateId)).toMatchObject({ status: 'VALID' });
    await db.createAgent(agentInput({ id: 'next', certificateId }));
    expect(await db.getAgent('next')).not.toBeNull();
  });

  test('is told of as a rollback', async () => {
    const database = await openTestDatabase();
    await changeRaw(database, rollbackTrigger);
    await database.db
      .transaction((tx) => tx.recordSecurityEvent(eventInput({ target: 'full' })).catch(() => undefined))
      .catch(() => undefined);
    const outcomes = database.events.flatMap((event) => (event.type === 'transaction' ? [event.outcome] : []));
    expect(outcomes).toEqual(['rollback']);
  });
});

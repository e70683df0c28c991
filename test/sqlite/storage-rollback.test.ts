import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

// SQLite rolls a transaction back by itself when the disk is full; this trigger has the same effect.
const rollbackTrigger = `CREATE TRIGGER end_transaction BEFORE INSERT ON security_events WHEN NEW.target = 'full'
  BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END`;

describe('a transaction that the storage rolled back', () => {
  test('refuses all later calls and changes nothing', async () => {
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

  test('is reported as a rollback', async () => {
    const database = await openTestDatabase();
    await changeRaw(database, rollbackTrigger);
    await database.db
      .transaction((tx) => tx.recordSecurityEvent(eventInput({ target: 'full' })).catch(() => undefined))
      .catch(() => undefined);
    const outcomes = database.events.flatMap((event) => (event.type === 'transaction' ? [event.outcome] : []));
    expect(outcomes).toEqual(['rollback']);
  });
});

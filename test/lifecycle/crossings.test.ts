import { setTimeout as sleep } from 'node:timers/promises';
import { expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

describe('Openings and closings that cross', () => {
  test('an opening asked for during a closing follows it, and the other way round', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'a' });
    await Promise.all([db.close(), db.initialize()]);
    expect(await db.getAgent('a')).not.toBeNull();
    await Promise.all([db.close(), db.initialize(), db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await Promise.all([db.initialize(), db.close(), db.initialize()]);
    expect(await db.getAgent('a')).not.toBeNull();
  });

  test('a transaction cannot wait for the opening that follows the closing that waits for it', async () => {
    const { db } = await openTestDatabase();
    const transaction = db.transaction(async () => {
      await sleep(20);
      await expectError('CONFLICT', () => db.initialize());
    });
    await Promise.all([transaction, db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
  });
});

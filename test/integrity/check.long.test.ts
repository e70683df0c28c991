import { expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';
import { damage } from './damage';
import { fill, soundReport } from '../support/sound-database';

describe('A check', () => {
  test('finds nothing where nothing is wrong', async () => {
    const database = await openTestDatabase();
    expect(await database.db.check()).toEqual(soundReport);
    await fill(database);
    expect(await database.db.check()).toEqual(soundReport);
  });

  test('counts what it does not report', async () => {
    const database = await openTestDatabase();
    await fill(database);
    await damage(database, "UPDATE agents SET public_key = 'x', version_key = 'y', default_endpoint_id = 'z'");
    const { findings, total } = await database.db.check();
    const all = 253 * 2;
    expect([findings.length, total]).toEqual([100, all]);
    expect(await database.db.check({ maxFindings: 0 })).toMatchObject({ ok: false, findings: [], total: all });
    expect((await database.db.check({ maxFindings: 150 })).findings).toHaveLength(150);
  });

  test('refuses options that there are not', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: -1 }));
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: 10_001 }));
    await expectError('INVALID_INPUT', () => db.check({ most: 1 } as object));
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.check());
  });

  test('inside a transaction sees the last committed state', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent({
        eventType: 'X',
        severity: 'LOW',
        source: '',
        target: '',
        description: '',
      });
      expect(await db.check()).toEqual(soundReport);
    });
  });
});

import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';
import { changeRawUnchecked } from '../support/raw-writer';
import { fill, soundReport } from '../support/sound-database';

describe('db.check()', () => {
  test('reports no finding for an empty or an undamaged database', async () => {
    const database = await openTestDatabase();
    expect(await database.db.check()).toEqual(soundReport);
    await fill(database);
    expect(await database.db.check()).toEqual(soundReport);
  });

  test('counts all findings and reports as many as maxFindings', async () => {
    const database = await openTestDatabase();
    await fill(database);
    await changeRawUnchecked(
      database,
      "UPDATE agents SET public_key = 'x', version_key = 'y', default_endpoint_id = 'z'",
    );
    const { findings, total } = await database.db.check();
    const all = 113 * 2;
    expect([findings.length, total]).toEqual([100, all]);
    expect(await database.db.check({ maxFindings: 0 })).toMatchObject({ ok: false, findings: [], total: all });
    expect((await database.db.check({ maxFindings: 150 })).findings).toHaveLength(150);
  });

  test('refuses invalid options with INVALID_INPUT and a closed database with NOT_INITIALIZED', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: -1 }));
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: 10_001 }));
    await expectError('INVALID_INPUT', () => db.check({ most: 1 } as object));
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.check());
  });

  test('reads the last committed state inside a transaction', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent(eventInput());
      expect(await db.check()).toEqual(soundReport);
    });
  });
});

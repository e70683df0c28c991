import { DatabaseService, isDatabaseError } from '../../../src';
import { sqliteMigrations } from '../../../src/migrations/embedded/sqlite';
import { soundReport } from '../../support/sound-database';
import { agentInput, certificateInput, eventInput } from '../../support/factories';
import { expectError } from '../../support/expect-error';
import { rawValues } from '../../support/raw-reader';
import { openSqlite } from '../../support/raw-writer';
import { describeUnless } from '../../support/skip';
import { openSmallDisk, whyNoSmallDisk } from '../../support/small-disk';
import { afterTest, openTestDatabase } from '../../support/test-database';

describeUnless(whyNoSmallDisk(), 'full disk', () => {
  test.each([0, 4096, 20_000, 70_000, 150_000])(
    'writes fail with STORAGE_FULL when the disk has %i free bytes, and succeed when space is free again',
    async (freeBytes) => {
      const disk = openSmallDisk(16);
      const { database, db } = await openTestDatabase({ url: `file:${disk.path}/test.sqlite` });
      const certificateId = await db.createCertificate(certificateInput());
      const acknowledged: string[] = [];
      const codes = new Set<string>();
      const create = (id: string) => agentInput({ id, certificateId, metadata: { text: 'x'.repeat(5000) } });
      const write = async (prefix: string): Promise<void> => {
        const ids = Array.from({ length: 30 }, (_, index) => `${prefix}-${index}`);
        const outcomes = ids.map(async (id, index) => {
          try {
            if (index % 3 === 0) await db.createAgent(create(id));
            else if (index % 3 === 1) {
              await db.transaction(async (tx) => {
                await tx.createAgent(create(id));
                await tx.recordSecurityEvent(eventInput({ id }));
              });
            } else await db.agents.createMany([create(id), create(`${id}/2`)], { onError: 'abort' });
            acknowledged.push(id);
          } catch (error) {
            codes.add(isDatabaseError(error) ? error.code : String(error));
          }
        });
        await Promise.all(outcomes);
      };
      await write('before');
      expect([...codes]).toEqual([]);
      disk.fill(freeBytes);
      // Writes succeed while the write-ahead log has room: SQLite writes the log from its beginning again.
      for (let round = 0; round < 200 && codes.size === 0; round += 1) await write(`full${round}`);
      expect([...codes]).toEqual(['STORAGE_FULL']);
      const error = await expectError('STORAGE_FULL', () =>
        db.agents.createMany(Array.from({ length: 40 }, (_, index) => create(`never-${index}`))),
      );
      expect(error.retryable).toBe(false);
      // Stored records can still be read.
      expect(await db.getAgent('before-0')).toMatchObject({ id: 'before-0' });
      disk.clear();
      codes.clear();
      await write('after');
      expect([...codes]).toEqual([]);
      expect(acknowledged.length).toBeGreaterThanOrEqual(60);
      const expected = acknowledged.flatMap((id) => (Number(id.split('-')[1]) % 3 === 2 ? [id, `${id}/2`] : [id]));
      expect(await rawValues(database, 'agents', 'id')).toEqual(expected.sort());
      const events = acknowledged.filter((id) => Number(id.split('-')[1]) % 3 === 1);
      expect(await rawValues(database, 'security_events', 'id')).toEqual(events.sort());
      expect(await db.check()).toEqual(soundReport);
    },
  );

  test.each([0, 60_000, 1_000_000, 2_500_000, 4_500_000])(
    'a migration fails with STORAGE_FULL and changes nothing when the disk has %i free bytes',
    async (freeBytes) => {
      const disk = openSmallDisk(16);
      const url = `file:${disk.path}/test.sqlite`;
      // The migration copies all rows of a database with the initial schema.
      const driver = openSqlite(url);
      driver.pragma('journal_mode = WAL');
      driver.exec(sqliteMigrations[0]?.sql ?? '');
      driver.exec(`INSERT INTO certificates VALUES ('c', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO agents SELECT 'a' || i, 'Agent ' || i, printf('%.1000c', 'k'), 'c', NULL, '1.0.0', NULL, 1, 2, 3,
          'ACTIVE', 'owner' FROM n`);
      driver.pragma('wal_checkpoint(TRUNCATE)');
      const before = driver.serialize();
      disk.fill(freeBytes);
      const db = new DatabaseService({ url });
      afterTest(() => db.close());
      await expectError('STORAGE_FULL', () => db.initialize());
      expect(driver.serialize().equals(before)).toBe(true);
      driver.close();
      disk.clear();
      await db.initialize();
      expect(await db.agents.count({})).toBe(3000);
      expect(await db.check()).toEqual(soundReport);
    },
  );

  test('initialize of a new database fails with STORAGE_FULL on a full disk, and succeeds when space is free', async () => {
    const disk = openSmallDisk(16);
    const db = new DatabaseService({ url: `file:${disk.path}/test.sqlite` });
    afterTest(() => db.close());
    for (const freeBytes of [0, 8192, 40_000, 100_000]) {
      disk.fill(freeBytes);
      await expectError('STORAGE_FULL', () => db.initialize());
      disk.clear();
    }
    await db.initialize();
    expect(await db.check()).toEqual(soundReport);
  });
});

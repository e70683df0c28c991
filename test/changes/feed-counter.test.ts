import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { describeOn } from '../support/skip';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { changeRawUnchecked } from '../support/raw-writer';
import { createRole } from '../support/postgresql-role';

/** A database with some changes whose counter is not where they end. */
async function openBehind(sql: string): Promise<TestDatabase> {
  const database = await openTestDatabase({ retry: false });
  // Earlier tests have left the database's counter beyond the rows that are written here.
  if (onPostgresql) await runRaw(database.options.url, 'ALTER SEQUENCE changes_sequence_seq RESTART');
  await createCertificate(database.db, { id: 'c' });
  await createCertificate(database.db, { id: 'c2' });
  await database.db.agents.createMany(
    Array.from({ length: 20 }, (_, index) => agentInput({ id: `a${index}`, certificateId: 'c' })),
  );
  spoilDatabase(database.options.url);
  await changeRawUnchecked(database, sql);
  return database;
}

describeOn('postgresql', 'the change-feed sequence on PostgreSQL', () => {
  /** Ways that a counter gets behind: copies of rows without it, and commands of administrators. */
  const ways: readonly (readonly [name: string, sql: string])[] = [
    ['that never gave a number', 'ALTER SEQUENCE changes_sequence_seq RESTART'],
    ['that was restarted in the middle', 'ALTER SEQUENCE changes_sequence_seq RESTART WITH 5'],
    [
      'after rows were copied without it',
      `CREATE TABLE kept AS SELECT * FROM changes; TRUNCATE changes RESTART IDENTITY;
       INSERT INTO changes SELECT * FROM kept; DROP TABLE kept`,
    ],
  ];

  test.each(ways)('a sequence %s never causes a duplicate-key error for the caller', async (_name, sql) => {
    const { db } = await openBehind(sql);
    const calls = [
      () => db.createAgent(agentInput({ id: 'fresh', certificateId: 'c' })),
      () => db.createCertificate(certificateInput({ id: 'fresh' })),
      () => db.updateAgent({ id: 'a1', name: 'changed' }),
      () => db.updateCertificateStatus('c', 'SUSPENDED'),
      () => db.certificates.setMetadata('c', { changed: true }),
      () => db.certificates.delete('c2'),
      () => db.transaction((tx) => tx.createAgent(agentInput({ id: 'fresh', certificateId: 'c' }))),
    ];
    for (const call of calls) {
      const error = await expectError('CORRUPT', call);
      expect(error.message).toContain('migrateDatabase()');
      expect([error.field, error.entity, error.retryable]).toEqual([undefined, undefined, false]);
    }
    expect(await db.getAgent('fresh')).toBeNull();
  });

  test('a sequence that has reached its last number is not reported as an invalid value of the caller', async () => {
    const sql = 'ALTER SEQUENCE changes_sequence_seq MAXVALUE 1000 RESTART WITH 1000';
    const { db } = await openBehind(sql);
    await createCertificate(db);
    const error = await expectError('CORRUPT', () => createCertificate(db));
    expect(error.message).toContain('MAXVALUE');
  });

  /** One collision takes the counter past its rows. */
  const once: (typeof ways)[number] = [
    'that gives the last number again',
    "SELECT setval('changes_sequence_seq', (SELECT max(sequence) FROM changes), false)",
  ];

  test.each([...ways, once])(
    'a sequence %s is reported by check and health and repaired by migrateDatabase',
    async (_name, sql) => {
      const { db } = await openBehind(sql);
      const behind = expect.stringContaining('behind its highest stored value') as unknown;
      expect(await db.check()).toMatchObject({ ok: false, findings: [{ check: 'change-feed', message: behind }] });
      expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [behind] });
      const last = (await db.changes()).at(-1)?.sequence ?? 0;
      expect(await db.migrateDatabase()).toEqual([]);
      await db.createAgent(agentInput({ id: 'fresh', certificateId: 'c' }));
      expect((await db.changes({ after: last })).map(({ sequence, id }) => [sequence, id])).toEqual([
        [last + 1, 'fresh'],
      ]);
      expect(await db.check()).toMatchObject({ ok: true });
      expect(await db.health()).toMatchObject({ status: 'up', warnings: [] });
    },
  );

  test('migrateDatabase moves the sequence past the pruned changes', async () => {
    const { db, options } = await openTestDatabase();
    await createAgent(db, { id: 'a' });
    const last = (await db.changes()).at(-1)?.sequence ?? 0;
    await db.pruneChanges({ before: new Date(Date.now() + 60_000) });
    spoilDatabase(options.url);
    await runRaw(options.url, 'ALTER SEQUENCE changes_sequence_seq RESTART');
    expect(await db.check()).toMatchObject({ ok: false, findings: [{ check: 'change-feed' }] });
    await db.migrateDatabase();
    await db.updateAgent({ id: 'a', name: 'changed' });
    expect((await db.changes()).map(({ sequence }) => sequence)).toEqual([last + 1]);
  });

  test('migrateDatabase never moves the sequence backwards', async () => {
    const { db } = await openBehind("SELECT setval('changes_sequence_seq', 5000)");
    await db.migrateDatabase();
    await db.updateAgent({ id: 'a1', name: 'changed' });
    expect((await db.changes()).at(-1)?.sequence).toBe(5001);
  });

  test('migrateDatabase repairs the sequence during concurrent writes without assigning a number twice', async () => {
    const { db, options } = await openBehind('ALTER SEQUENCE changes_sequence_seq RESTART');
    const writes = Array.from({ length: 30 }, async (_, index) => {
      try {
        await createAgent(db, { id: `w${index}`, certificateId: 'c' });
        return `w${index}`;
      } catch {
        return undefined;
      }
    });
    const { db: other } = await openTestDatabase({ url: options.url });
    await Promise.all([db.migrateDatabase(), other.migrateDatabase()]);
    const written = (await Promise.all(writes)).filter((id) => id !== undefined);
    await createAgent(db, { id: 'after', certificateId: 'c' });
    const fed = (await db.changes()).slice(22).map(({ id }) => id);
    expect([...fed].sort()).toEqual([...written, 'after'].sort());
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('check skips the sequence when the role may not read it, and writes of the role succeed', async () => {
    const { db, options } = await openTestDatabase();
    await createCertificate(db, { id: 'c' });
    const url = await createRole(
      options.url,
      (role) => `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
    );
    const { db: limited } = await openTestDatabase({ url });
    await createAgent(limited, { id: 'a', certificateId: 'c' });
    const { ok, skipped } = await limited.check();
    expect(ok).toBe(true);
    expect(skipped).toContain('the sequence of the change feed: the role may not read it');
    expect(await limited.health()).toMatchObject({ status: 'up', warnings: [] });
  });

  test('check reports a sequence that does not exist', async () => {
    const { db } = await openBehind(
      'ALTER TABLE changes ALTER COLUMN sequence DROP DEFAULT; DROP SEQUENCE changes_sequence_seq',
    );
    expect(await db.check()).toMatchObject({ findings: [{ check: 'change-feed' }] });
    expect(await db.health()).toMatchObject({
      status: 'degraded',
      warnings: [expect.stringContaining('sequence of the change feed is missing')],
    });
  });
});

describeOn('sqlite', 'the change-feed sequence on SQLite', () => {
  test.each([
    ['that was set back', "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'"],
    ['that is gone', "DELETE FROM sqlite_sequence WHERE name = 'changes'"],
  ])('a sequence %s is reported by check and health and repaired by migrateDatabase', async (_name, sql) => {
    const { db } = await openBehind(sql);
    const last = (await db.changes()).at(-1)?.sequence ?? 0;
    expect(await db.check()).toMatchObject({ ok: false, findings: [{ check: 'change-feed' }] });
    expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [expect.stringContaining('behind')] });
    expect(await db.migrateDatabase()).toEqual([]);
    expect(await db.check()).toMatchObject({ ok: true });
    expect(await db.health()).toMatchObject({ status: 'up', warnings: [] });
    await db.updateAgent({ id: 'a1', name: 'changed' });
    expect((await db.changes({ after: last })).map(({ sequence }) => sequence)).toEqual([last + 1]);
  });
});

describe('orphaned rows of an agent', () => {
  test.each([
    ['endpoints', "UPDATE endpoints SET agent_id = 'fresh'"],
    ['metadata', "INSERT INTO agent_metadata VALUES ('fresh', 'key', '1')"],
  ])('do not make a call report a duplicate key when they are %s', async (_name, sql) => {
    const database = await openTestDatabase({ retry: false });
    const { db, options } = database;
    const parts = {
      endpoints: [{ id: 'main', protocol: 'https', address: 'x', port: 1 }],
      metadata: { key: 1 },
    };
    await createAgent(db, { id: 'a', ...parts });
    spoilDatabase(options.url);
    await changeRawUnchecked(database, sql);
    const error = await expectError('CORRUPT', () => createAgent(db, { id: 'fresh', ...parts }));
    expect(error.message).toContain('check()');
    expect(await db.getAgent('fresh')).toBeNull();
  });
});

import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { createRole } from '../support/postgresql-role';
import { runRaw } from '../support/raw-client';
import { changeRawUnchecked } from '../support/raw-writer';
import { sampled } from '../support/sampled';
import { describeOn } from '../support/skip';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const freshAgent = agentInput({ id: 'fresh', certificateId: 'c' });

/** Opens a database with 22 changes and changes its feed with `sql`. */
async function openChanged(sql: string): Promise<TestDatabase> {
  const database = await openTestDatabase({ retry: false });
  // Earlier tests have advanced the sequence of the database.
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

/** SQL after which the sequence is behind its highest stored value, with a description of each case. */
const behind: readonly (readonly [what: string, sql: string])[] = onPostgresql
  ? [
      ['was restarted', 'ALTER SEQUENCE changes_sequence_seq RESTART'],
      ['was restarted in the middle', 'ALTER SEQUENCE changes_sequence_seq RESTART WITH 5'],
      [
        'was not copied with the rows',
        `CREATE TABLE kept AS SELECT * FROM changes; TRUNCATE changes RESTART IDENTITY;
         INSERT INTO changes SELECT * FROM kept; DROP TABLE kept`,
      ],
      [
        'returns the last number again',
        "SELECT setval('changes_sequence_seq', (SELECT max(sequence) FROM changes), false)",
      ],
    ]
  : [
      ['was set back', "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'"],
      ['is missing', "DELETE FROM sqlite_sequence WHERE name = 'changes'"],
    ];

describe('the change-feed sequence', () => {
  test.each(onPostgresql ? sampled(behind, 2) : behind)(
    'migrateDatabase repairs a change-feed sequence that %s, after check and health have reported the damage',
    async (_, sql) => {
      const { db } = await openChanged(sql);
      const message = expect.stringContaining('behind its highest stored value') as unknown;
      expect(await db.check()).toMatchObject({ ok: false, findings: [{ check: 'change-feed', message }] });
      expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [message] });
      const last = (await db.changes()).at(-1)?.sequence ?? 0;
      expect(await db.migrateDatabase()).toEqual([]);
      await db.createAgent(freshAgent);
      const fed = (await db.changes({ after: last })).map(({ sequence, id }) => [sequence, id]);
      expect(fed).toEqual([[last + 1, 'fresh']]);
      expect(await db.check()).toMatchObject({ ok: true });
      expect(await db.health()).toMatchObject({ status: 'up', warnings: [] });
    },
  );
});

describeOn('postgresql', 'the change-feed sequence on PostgreSQL', () => {
  // The fourth case is omitted: its first failed write advances the sequence, and the next write succeeds.
  test.each(sampled(behind.slice(0, 3), 2))(
    'writes fail with CORRUPT when the change-feed sequence %s',
    async (_, sql) => {
      const { db } = await openChanged(sql);
      for (const call of [
        () => db.createAgent(freshAgent),
        () => db.createCertificate(certificateInput({ id: 'fresh' })),
        () => db.updateAgent({ id: 'a1', name: 'changed' }),
        () => db.updateCertificateStatus('c', 'SUSPENDED'),
        () => db.certificates.setMetadata('c', { changed: true }),
        () => db.certificates.delete('c2'),
        () => db.transaction((tx) => tx.createAgent(freshAgent)),
      ]) {
        const error = await expectError('CORRUPT', call);
        expect(error.message).toContain('migrateDatabase()');
        expect([error.field, error.entity, error.retryable]).toEqual([undefined, undefined, false]);
      }
      expect(await db.getAgent('fresh')).toBeNull();
    },
  );

  test('writes fail with CORRUPT when the change-feed sequence has reached its last number', async () => {
    const { db } = await openChanged('ALTER SEQUENCE changes_sequence_seq MAXVALUE 1000 RESTART WITH 999');
    await createCertificate(db);
    const error = await expectError('CORRUPT', () => createCertificate(db));
    expect(error.message).toContain('MAXVALUE');
  });

  test('migrateDatabase advances the change-feed sequence past the pruned changes', async () => {
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

  test('migrateDatabase never moves the change-feed sequence backwards', async () => {
    const { db } = await openChanged("SELECT setval('changes_sequence_seq', 5000)");
    await db.migrateDatabase();
    await db.updateAgent({ id: 'a1', name: 'changed' });
    expect((await db.changes()).at(-1)?.sequence).toBe(5001);
  });

  test('the repair of the change-feed sequence during concurrent writes assigns no number twice', async () => {
    const { db, options } = await openChanged('ALTER SEQUENCE changes_sequence_seq RESTART');
    const { db: other } = await openTestDatabase({ url: options.url });
    const writes = Array.from({ length: 30 }, (_, index) =>
      createAgent(db, { id: `w${index}`, certificateId: 'c' }).catch(() => undefined),
    );
    await Promise.all([db.migrateDatabase(), other.migrateDatabase()]);
    const written = (await Promise.all(writes)).filter((id) => id !== undefined);
    await createAgent(db, { id: 'after', certificateId: 'c' });
    const fed = (await db.changes()).slice(22).map(({ id }) => id);
    expect([...fed].sort()).toEqual([...written, 'after'].sort());
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('check skips the change-feed sequence when the role may not read the sequence, but writes succeed', async () => {
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

  test.each(sampled(['CACHE 20', 'INCREMENT BY -1', 'CYCLE'], 2))(
    'check and health report a change-feed sequence with the option %s',
    async (option) => {
      const { db } = await openChanged(`ALTER SEQUENCE changes_sequence_seq ${option}`);
      const message = expect.stringContaining('does not assign numbers in ascending order') as unknown;
      expect(await db.check()).toMatchObject({ ok: false, findings: [{ check: 'change-feed', message }] });
      expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [message] });
    },
  );

  test('check and health report a missing change-feed sequence', async () => {
    const { db } = await openChanged(
      'ALTER TABLE changes ALTER COLUMN sequence DROP DEFAULT; DROP SEQUENCE changes_sequence_seq',
    );
    const missing = expect.stringContaining('sequence of the change feed is missing') as unknown;
    expect(await db.check()).toMatchObject({ findings: [{ check: 'change-feed' }] });
    expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [missing] });
  });
});

test.each([
  ['endpoints', "UPDATE endpoints SET agent_id = 'fresh'"],
  ['metadata', "INSERT INTO agent_metadata VALUES ('fresh', 'key', '1')"],
])('createAgent fails with CORRUPT when orphaned %s have the id of the new agent', async (_, sql) => {
  const database = await openTestDatabase({ retry: false });
  const { db, options } = database;
  const endpoints = [{ id: 'main', protocol: 'https', address: 'x', port: 1 }];
  await createAgent(db, { id: 'a', endpoints, metadata: { key: 1 } });
  spoilDatabase(options.url);
  await changeRawUnchecked(database, sql);
  const error = await expectError('CORRUPT', () => createAgent(db, { id: 'fresh', endpoints, metadata: { key: 1 } }));
  expect(error.message).toContain('check()');
  expect(await db.getAgent('fresh')).toBeNull();
});

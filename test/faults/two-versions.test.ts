import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, isDatabaseError } from '../../src';
import { soundReport } from '../support/sound-database';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { spoilDatabase } from '../support/postgresql-databases';
import { onPostgresql } from '../support/engine';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { NewerVersion } from './newer-version';

async function openOlder(): Promise<TestDatabase> {
  const database = await openTestDatabase({ busyTimeoutMs: 30_000 });
  if (onPostgresql) spoilDatabase(database.options.url);
  await createCertificate(database.db, { id: 'c' });
  return database;
}

/**
 * Registers agents with the older version while `work` runs. Returns the acknowledged ids and the codes of failed
 * calls.
 */
async function writingBeside<T>({ db }: TestDatabase, work: () => Promise<T>) {
  const acknowledged: string[] = [];
  const codes = new Set<string>();
  let isOver = false;
  const write = async (): Promise<void> => {
    for (let count = 0; !isOver; count += 1) {
      const agent = agentInput({ id: `older-${count}`, certificateId: 'c', capabilities: ['older'] });
      await db
        .transaction(async (tx) => {
          await tx.recordSecurityEvent(eventInput());
          return tx.createAgent(agent);
        })
        .then(
          (id) => acknowledged.push(id),
          (error: unknown) => codes.add(isDatabaseError(error) ? error.code : String(error)),
        );
      await sleep(1);
    }
  };
  const writing = write();
  const result = await work();
  await sleep(100);
  isOver = true;
  await writing;
  return { result, acknowledged, codes: [...codes] };
}

async function expectTooNew({ options }: TestDatabase): Promise<void> {
  for (const migrations of ['apply', 'verify'] as const) {
    const next = new DatabaseService({ ...options, migrations });
    expect(await expectError('SCHEMA_TOO_NEW', () => next.initialize())).toMatchObject({ retryable: false });
  }
}

describe('older and newer version', () => {
  test('calls of an older version succeed after a newer version adds to the schema, but a restart fails', async () => {
    const older = await openOlder();
    const newer = new NewerVersion('CREATE TABLE newer (id TEXT); ALTER TABLE agents ADD COLUMN newer TEXT;');
    const { result, acknowledged, codes } = await writingBeside(older, () => newer.use(older.options.url, 'newer-1'));
    expect(codes).toEqual([]);
    expect(result).toMatchObject({ created: 'newer-1', findings: [] });
    expect(acknowledged.length).toBeGreaterThan(10);
    expect((await rawValues(older, 'agents', 'id')).map(String).sort()).toEqual(['newer-1', ...acknowledged].sort());
    expect(await older.db.getAgent('newer-1')).toMatchObject({ version: '2.0.0' });
    expect(await older.db.check()).toEqual(soundReport);
    await older.db.close();
    await expectTooNew(older);
  });

  test('calls of an older version fail with SCHEMA_OUTDATED after a newer version removes a table', async () => {
    const older = await openOlder();
    const newer = new NewerVersion('ALTER TABLE capabilities RENAME TO newer_capabilities;');
    const { acknowledged, codes } = await writingBeside(older, () => newer.use(older.options.url, 'newer-1'));
    expect(codes).toEqual(['SCHEMA_OUTDATED']);
    expect(acknowledged.length).toBeGreaterThan(0);
    const ids = (await rawValues(older, 'agents', 'id')).map(String);
    expect(ids.filter((id) => id.startsWith('older')).sort()).toEqual([...acknowledged].sort());
    expect(await older.db.events.verify()).toMatchObject({ valid: true, entries: acknowledged.length });
    await expectError('SCHEMA_OUTDATED', () => older.db.queryAgents({}));
    await older.db.close();
    await expectTooNew(older);
  });

  test('a failing migration of a newer version changes nothing while an older version has the database open', async () => {
    const older = await openOlder();
    const half = 'CREATE TABLE half (id TEXT PRIMARY KEY); ALTER TABLE agents ADD COLUMN half TEXT;';
    const newer = new NewerVersion(`${half} INSERT INTO missing VALUES (1);`);
    const { result, acknowledged, codes } = await writingBeside(older, () => newer.use(older.options.url, 'newer-1'));
    expect(result).toEqual({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('migration 29990101000000_ans_newer failed') as string,
    });
    expect(codes).toEqual([]);
    expect((await rawValues(older, 'agents', 'id')).map(String).sort()).toEqual([...acknowledged].sort());
    expect(await older.db.check()).toEqual(soundReport);
    await older.db.close();
    await older.db.initialize();
    await older.db.close();
    newer.write(half);
    expect(await newer.use(older.options.url, 'newer-1')).toEqual({
      created: 'newer-1',
      agents: acknowledged.length + 1,
      findings: [],
    });
  });
});

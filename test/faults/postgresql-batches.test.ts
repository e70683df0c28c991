import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { TcpProxy } from '../support/tcp-proxy';
import { expectError } from '../support/expect-error';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { isInDoubt, Work } from './postgresql-work';

/*
 * A write whose statements the connection has prepared is sent in one piece. Each test here makes that sure by a first
 * write: it prepares them.
 */

interface Setting {
  readonly db: DatabaseService;
  readonly work: Work;
  readonly proxy: TcpProxy;
  readonly url: string;
}

async function open(options: DatabaseOptions = {}): Promise<Setting> {
  const url = await newDatabaseUrl();
  spoilDatabase(url);
  const proxy = await TcpProxy.start(url);
  const { pool, ...others } = options;
  const { db } = await openTestDatabase({ url: proxy.url(url), pool: { maxConnections: 1, ...pool }, ...others });
  const work = await Work.prepare(db);
  await work.change('unit first-0');
  await work.register('unit first-register');
  await work.createMany('unit first-many');
  await work.record('unit first-record');
  return { db, work, proxy, url };
}

/** Everything that writes, by what it is. */
const writes: readonly (readonly [string, (work: Work, unit: string) => Promise<unknown>])[] = [
  ['createAgent', (work, unit) => work.change(unit)],
  ['register', (work, unit) => work.register(unit)],
  ['createMany', (work, unit) => work.createMany(unit)],
  ['recordSecurityEvent', (work, unit) => work.record(unit)],
];

/** Has statements on a table do something else first. */
async function interpose(url: string, table: string, body: string): Promise<void> {
  await runRaw(
    url,
    `CREATE OR REPLACE FUNCTION interpose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$;
    CREATE OR REPLACE TRIGGER interpose AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION interpose()`,
  );
}

const backends = `FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ans-database' AND pid <> pg_backend_pid()`;

/** Waits until a statement of the service's sleeps. */
async function untilItSleeps(url: string): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    const [rows = []] = await runRaw(url, `SELECT pid ${backends} AND wait_event = 'PgSleep'`);
    if (rows.length > 0) return;
    await sleep(5);
  }
  throw new Error('No statement sleeps');
}

const tables = ['agents', 'endpoints', 'agent_capabilities', 'changes'] as const;

describe('A write that is sent in one piece', () => {
  test.each(tables)('leaves nothing where its statement on %s fails, and the next one works', async (table) => {
    const { work, url } = await open();
    await interpose(url, table, "RAISE EXCEPTION 'no' USING ERRCODE = '53100'");
    await work.change('unit failing-0');
    // It is a trigger of the application's that refuses, whatever code it gives.
    expect(work.errors).toMatchObject([{ code: 'CONSTRAINT_VIOLATION', retryable: false }]);
    await runRaw(url, `DROP TRIGGER interpose ON ${table}`);
    await work.change('unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test.each(tables)('leaves nothing where it is cancelled at its statement on %s', async (table) => {
    const { work, url } = await open();
    await interpose(url, table, 'PERFORM pg_sleep(20)');
    const call = work.change('unit cancelled-0');
    await untilItSleeps(url);
    await runRaw(url, `SELECT pg_cancel_backend(pid) ${backends}`);
    await call;
    expect(work.errors).toMatchObject([{ code: 'UNAVAILABLE', retryable: true }]);
    await runRaw(url, `DROP TRIGGER interpose ON ${table}`);
    await work.change('unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test.each(tables)('leaves nothing where its connection is terminated at its statement on %s', async (table) => {
    const { work, url } = await open();
    await interpose(url, table, 'PERFORM pg_sleep(20)');
    const call = work.change('unit terminated-0');
    await untilItSleeps(url);
    await runRaw(url, `SELECT pg_terminate_backend(pid) ${backends}`);
    await call;
    expect(work.errors).toMatchObject([{ code: 'UNAVAILABLE', retryable: true }]);
    expect((await runRaw(url, "SELECT 1 FROM agents WHERE owner = 'unit terminated-0'"))[0]).toEqual([]);
    await runRaw(url, `DROP TRIGGER interpose ON ${table}`);
    await work.change('unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test.each(writes)('%s ends with statementTimeoutMs, and leaves nothing', async (_name, write) => {
    const { work, url } = await open({ pool: { statementTimeoutMs: 150 } });
    for (const table of ['changes', 'security_event_entries']) await interpose(url, table, 'PERFORM pg_sleep(20)');
    await write(work, 'unit slow-0');
    expect(work.errors).toMatchObject([{ code: 'TIMEOUT', retryable: true }]);
    for (const table of ['changes', 'security_event_entries']) await runRaw(url, `DROP TRIGGER interpose ON ${table}`);
    await write(work, 'unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test.each(writes)('%s is in doubt, and is made once, where no answer comes in time', async (_name, write) => {
    const { work, url, proxy } = await open({ pool: { statementTimeoutMs: 150 } });
    proxy.mute();
    await write(work, 'unit unanswered-0');
    const [error] = work.errors;
    expect(error).toMatchObject({ retryable: true });
    proxy.restore();
    await write(work, 'unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  describe.each(['DISCARD ALL', 'DEALLOCATE ALL'])('on a connection on which somebody has made %s', (statement) => {
    test.each(writes)('%s is made all the same, once', async (_name, write) => {
      const { work, url, proxy } = await open();
      await proxy.whisper(statement);
      await write(work, 'unit forgotten-0');
      expect(work.errors).toEqual([]);
      await work.expectKept(url);
    });

    test.each(writes)('%s fails without doubt where nothing is tried again', async (_name, write) => {
      const { work, url, proxy } = await open({ retry: false });
      await proxy.whisper(statement);
      await write(work, 'unit forgotten-0');
      expect(work.errors.map((error) => [error.code, error.retryable, isInDoubt(error)])).toEqual([
        ['UNAVAILABLE', true, false],
      ]);
      await write(work, 'unit next-0');
      expect(work.errors).toHaveLength(1);
      await work.expectKept(url);
    });
  });

  test.each([
    ['a column has another type', 'ALTER TABLE agents ALTER COLUMN description TYPE VARCHAR(2000)'],
    ['a table has a column more', 'ALTER TABLE agents ADD COLUMN mine INTEGER'],
    ['an index is gone', 'DROP INDEX idx_changes_changed_at'],
    [
      'a table was made anew',
      `ALTER TABLE changes RENAME TO old; CREATE TABLE changes (LIKE old INCLUDING ALL);
        ALTER SEQUENCE changes_sequence_seq OWNED BY changes.sequence`,
    ],
  ])('is made as before when meanwhile %s', async (_what, change) => {
    const { work, url } = await open();
    await runRaw(url, change);
    for (const [name, write] of writes) await write(work, `unit ${name}-0`);
    expect(work.errors).toEqual([]);
    // All that is there has to be told of in the new feed.
    if (change.includes('RENAME')) await runRaw(url, 'INSERT INTO changes SELECT * FROM old ON CONFLICT DO NOTHING');
    await work.expectKept(url);
  });

  test('fails as SCHEMA_OUTDATED when a column is gone, leaves nothing, and works when it is back', async () => {
    const { db, work, url } = await open();
    await runRaw(url, 'ALTER TABLE changes RENAME COLUMN kind TO sort');
    await work.change('unit outdated-0');
    expect(work.errors).toMatchObject([{ code: 'SCHEMA_OUTDATED', retryable: false }]);
    await expectError('SCHEMA_OUTDATED', () => db.changes());
    await runRaw(url, 'ALTER TABLE changes RENAME COLUMN sort TO kind');
    await work.change('unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });
});

import type { TransactionScope } from '../../src';
import { newsOf } from '../certificates/feed';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { certificateInput, createAgent } from '../support/factories';
import { createRole } from '../support/postgresql-role';
import { rawCounts, readSqlite } from '../support/raw-reader';
import { testOn } from '../support/skip';
import SqliteDriver from '../support/sqlite-driver';
import { openTestDatabase } from '../support/test-database';
import { openDue, past } from './due';

const nothing = {
  agentsExpired: 0,
  certificatesExpired: 0,
  changesPruned: 0,
  eventsPruned: 0,
  checkpointed: false,
  optimized: false,
};
const future = new Date('2099-01-01');

const countSegments = (driver: InstanceType<typeof SqliteDriver>): unknown =>
  driver.prepare('SELECT count(DISTINCT segid) FROM agent_names_search_idx').pluck().get();

describe('db.maintain', () => {
  test('maintain does nothing without tasks', async () => {
    const database = await openDue(2);
    const before = await rawCounts(database);
    const maintain = async (options: object) => expect(await database.db.maintain(options)).toEqual(nothing);
    const off = { expire: false, pruneChanges: undefined, pruneEvents: undefined, checkpoint: false, optimize: false };
    expect(await database.statementsOf(() => maintain({}))).toEqual([]);
    expect(await database.statementsOf(() => maintain(off))).toEqual([]);
    expect(await rawCounts(database)).toEqual(before);
  });

  test('maintain expires due agents and certificates, and adds their changes to the feed', async () => {
    const database = await openDue(3);
    const news = await newsOf(database, async () => {
      const report = await database.db.maintain({ expire: true });
      expect(report).toEqual({ ...nothing, agentsExpired: 3, certificatesExpired: 3 });
    });
    expect(news).toHaveLength(6);
    expect(await database.db.agents.count({ status: ['EXPIRED'] })).toBe(3);
    expect(await database.db.maintain({ expire: true })).toEqual(nothing);
  });

  test('maintain prunes the changes and events that are older than the given times', async () => {
    const { db } = await openDue(3);
    const { length } = await db.changes();
    expect(await db.maintain({ pruneChanges: { before: past } })).toEqual(nothing);
    expect(await db.maintain({ pruneChanges: { before: future } })).toEqual({ ...nothing, changesPruned: length });
    expect(await db.changes()).toEqual([]);
    expect(await db.maintain({ pruneEvents: { before: new Date('2002-01-01') } })).toEqual({
      ...nothing,
      eventsPruned: 3,
    });
    expect(await db.events.count()).toBe(1);
    expect(await db.events.verify()).toMatchObject({ valid: true });
  });

  test('the integrity check passes after maintain has merged the search index or analyzed the tables', async () => {
    const { db, options } = await openDue(3);
    if (!onPostgresql) expect(readSqlite(options.url, countSegments)).toBeGreaterThan(1);
    expect(await db.maintain({ optimize: true })).toEqual({ ...nothing, optimized: true });
    expect(await db.check()).toMatchObject({ ok: true });
    expect(await db.queryAgents({ name: 'agent' })).toHaveLength(4);
    if (onPostgresql) return;
    const [segments, tables] = readSqlite(options.url, (driver) => [
      countSegments(driver),
      driver.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'").all(),
    ]);
    expect(segments).toBe(1);
    // With statistics, SQLite would scan all agents for a certificate that has few of them.
    expect(tables).toEqual([]);
  });

  test(onPostgresql ? 'leaves checkpoints to the server' : 'copies the log into the file and empties it', async () => {
    const { db } = await openDue(50);
    const before = db.stats().logBytes ?? 0;
    const { checkpointed } = await db.maintain({ checkpoint: true });
    expect(checkpointed).toBe(!onPostgresql);
    if (onPostgresql) return;
    expect(before).toBeGreaterThan(100_000);
    expect(db.stats().logBytes).toBeLessThan(10_000);
    expect(await db.maintain({ checkpoint: true })).toEqual({ ...nothing, checkpointed: true });
    expect(await createAgent(db, { id: 'later' })).toBe('later');
  });

  testOn(
    'sqlite',
    'maintain reports that a reader prevents the checkpoint, and waits only for a short time',
    async () => {
      const { db, options } = await openDue(5);
      const reader = new SqliteDriver(options.url.slice('file:'.length), { readonly: true });
      reader.exec('BEGIN');
      reader.prepare('SELECT count(*) FROM agents').get();
      await createAgent(db);
      expect(await db.maintain({ checkpoint: true })).toEqual(nothing);
      reader.close();
      expect(await db.maintain({ checkpoint: true })).toMatchObject({ checkpointed: true });
    },
  );

  testOn('postgresql', 'maintain skips the tables that the role may not analyze', async () => {
    const { options } = await openDue(1);
    const url = await createRole(options.url, (role) => `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    const { db } = await openTestDatabase({ url });
    expect(await db.maintain({ optimize: true })).toEqual(nothing);
  });

  test('db.maintain fails with CONFLICT inside a transaction, and the transaction itself has no method maintain', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx: TransactionScope) => {
      expect(tx).not.toHaveProperty('maintain');
      const error = await expectError('CONFLICT', () => db.maintain({ expire: true }));
      expect(error).toMatchObject({ operation: 'maintain' });
      await tx.createCertificate(certificateInput());
    });
  });

  test.each<readonly [string, unknown, string]>([
    ['no options', undefined, 'options'],
    ['an unknown task', { vacuum: true }, 'options'],
    ['a task that is no boolean', { expire: 1 }, 'expire'],
    ['a checkpoint that is no boolean', { expire: true, checkpoint: 'yes' }, 'checkpoint'],
    ['a pruning without a time', { expire: true, pruneChanges: {} }, 'pruneChanges.before'],
    ['a pruning that is a time', { expire: true, pruneEvents: past }, 'pruneEvents'],
    ['an unknown field of a pruning', { pruneEvents: { before: past, batchSize: 1 } }, 'pruneEvents'],
    ['an invalid time', { expire: true, pruneEvents: { before: new Date(NaN) } }, 'pruneEvents.before'],
  ])('maintain refuses %s before it does anything', async (_, options, field) => {
    const database = await openDue(1);
    const error = await expectRefused(database, 'INVALID_INPUT', () => callUntyped(database.db, 'maintain', options));
    expect(error).toMatchObject({ field, operation: 'maintain' });
  });

  test('maintain can run in several services at once, and each record is counted once', async () => {
    const { db, options } = await openDue(20);
    const { db: other } = await openTestDatabase(options);
    // The changes that the services add are newer than this time.
    const before = new Date(Date.now() + 1);
    const { length } = await db.changes({ limit: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const tasks = { expire: true, pruneChanges: { before }, pruneEvents: { before: future } };
    const reports = await Promise.all([db, other, db].map((service) => service.maintain(tasks)));
    const sumOf = (count: keyof typeof nothing) => reports.reduce((sum, report) => sum + Number(report[count]), 0);
    expect([sumOf('agentsExpired'), sumOf('certificatesExpired'), sumOf('changesPruned')]).toEqual([20, 20, length]);
    expect(sumOf('eventsPruned')).toBe(21);
    expect(await db.check()).toMatchObject({ ok: true });
  });
});

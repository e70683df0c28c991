import { existsSync } from 'node:fs';
import { ReaderThread } from '../../src/engines/sqlite/reader-thread';
import { ThreadLost } from '../../src/engines/sqlite/request-thread';
import { expectError } from '../support/expect-error';
import { createAgents, createCertificate, eventInput } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const count = 700;

/** Fills a database with hundreds of records. Its highest rowids make the package use a reader thread. */
async function fillLarge(database: TestDatabase): Promise<void> {
  const { db } = database;
  await createCertificate(db, { metadata: { a: 1 } });
  const ids = Array.from({ length: count }, (_, index) => `agent-${String(index).padStart(4, '0')}`);
  await createAgents(db, ids, (id) => ({ name: `Name ${id}`, description: 'x'.repeat(2000) }));
  await db.recordSecurityEvent(eventInput({ metadata: { a: [1, 2] } }));
  await changeRaw(database, 'UPDATE security_events SET rowid = 30000');
  await changeRaw(database, 'UPDATE certificates SET rowid = rowid + 30000');
}

afterEach(() => jest.restoreAllMocks());

describe('the reader thread of a large SQLite database', () => {
  const large = shareTestDatabase({}, fillLarge);

  test('the reader thread of a large SQLite database returns the same results as the main thread', async () => {
    const { db } = large();
    const run = jest.spyOn(ReaderThread.prototype, 'query');
    const found = await db.queryAgents({ name: 'name agent', orderBy: 'id' });
    expect(found).toHaveLength(count);
    expect(found[7]).toEqual(await db.getAgent('agent-0007'));
    expect(await db.agents.count({ name: 'agent-00' })).toBe(100);
    expect(await db.agents.getMany(found.map(({ id }) => id))).toEqual(found);
    expect(await db.certificates.query({ metadata: { a: 1 } })).toHaveLength(1);
    expect(await db.events.query({ metadata: { a: [1, 2] } })).toHaveLength(1);
    expect(await db.events.aggregate({}, { by: 'severity' })).toEqual([{ key: 'MEDIUM', count: 1 }]);
    expect(run).toHaveBeenCalledTimes(6);
  });

  test('the reader thread is not used for fast calls, inside a transaction or in a small database', async () => {
    const small = await openTestDatabase();
    const { db } = large();
    const run = jest.spyOn(ReaderThread.prototype, 'query');
    expect(await db.getAgent('agent-0001')).not.toBeNull();
    expect(await db.queryAgents({ limit: 10 })).toHaveLength(10);
    expect(await db.transaction((tx) => tx.agents.count({ name: 'agent' }))).toBe(count);
    expect(await small.db.agents.count({ name: 'agent' })).toBe(0);
    expect(run).not.toHaveBeenCalled();
  });

  test('the reader thread is not used for agents when there are many events but few agents', async () => {
    const { db, ...database } = await openTestDatabase();
    await db.recordSecurityEvent(eventInput({ metadata: { a: 1 } }));
    await changeRaw(database, 'UPDATE security_events SET rowid = 30000');
    const run = jest.spyOn(ReaderThread.prototype, 'query');
    expect(await db.agents.count({ name: 'agent' })).toBe(0);
    expect(await db.certificates.query({ subject: 'a' })).toEqual([]);
    expect(run).not.toHaveBeenCalled();
    expect(await db.events.query({ metadata: { a: 1 } })).toHaveLength(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('the reader thread returns the same results for more statements than it keeps prepared', async () => {
    const { db } = large();
    const fields = ['name', 'createdAt', 'updatedAt', 'expiresAt', 'id', 'status', 'version'] as const;
    const filters = [{}, { owner: 'nobody' }, { protocol: 'none' }, { capabilities: ['none'] }, { exactName: 'none' }];
    const queries = fields.flatMap((orderBy) =>
      filters.flatMap((filter) => [
        { orderBy, name: 'agent-000', ...filter },
        { orderBy, name: 'agent-000', ...filter, status: ['ACTIVE' as const] },
      ]),
    );
    expect(queries).toHaveLength(70);
    for (const query of [...queries, ...queries]) {
      const isFiltered = filters.slice(1).some((filter) => Object.keys(filter).every((key) => key in query));
      expect(await db.queryAgents(query)).toHaveLength(isFiltered ? 0 : 10);
    }
  });

  test('the reader thread reads every change that was committed before', async () => {
    const { db } = large();
    for (let index = 1; index <= 20; index += 1) {
      await db.updateAgent({ id: 'agent-0001', name: `agent changed ${index}` });
      expect(await db.agents.count({ name: `changed ${index}` })).toBe(1);
    }
  });

  test('the reader thread ends a call whose result is too large with RESULT_TOO_LARGE, and serves later calls', async () => {
    const limits = { answerLength: 500_000, metadataValues: 100_000 };
    const { db } = await openTestDatabase({ url: large().options.url, limits });
    const error = await expectError('RESULT_TOO_LARGE', () => db.queryAgents({ name: 'agent' }));
    expect(error.message).toContain('500000 characters');
    expect(await db.agents.count({ name: 'agent' })).toBe(count);
  });

  test('the main thread replaces a reader thread that cannot start', async () => {
    const { db } = large();
    jest.spyOn(ReaderThread.prototype, 'query').mockRejectedValueOnce(new ThreadLost());
    expect(await db.agents.count({ name: 'agent' })).toBe(count);
  });

  test('the reader thread serves concurrent calls and ends when the database is closed', async () => {
    const { db, options } = large();
    const counts = await Promise.all(Array.from({ length: 20 }, () => db.agents.count({ name: 'agent' })));
    expect(counts).toEqual(Array.from({ length: 20 }, () => count));
    await db.close();
    expect(existsSync(`${options.url.slice('file:'.length)}-wal`)).toBe(false);
    await db.initialize();
    expect(await db.agents.count({ name: 'agent' })).toBe(count);
  });

  // This must be the last test, because it drops a table.
  test('the reader thread reports an error of SQLite with its code', async () => {
    const database = large();
    expect(await database.db.agents.count({ metadata: { a: 1 } })).toBe(0);
    await changeRaw(database, 'DROP TABLE agent_metadata');
    await expectError('SCHEMA_OUTDATED', () => database.db.agents.count({ metadata: { a: 1 } }));
  });
});

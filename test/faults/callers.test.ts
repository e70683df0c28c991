import { join } from 'node:path';
import { soundReport } from '../support/sound-database';
import { nextLine, startProcess } from '../support/child-process';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';

test('A caller who waits for nothing and closes loses nothing of a thousand registrations', async () => {
  const { db } = await openTestDatabase();
  const certificateId = await createCertificate(db);
  const acknowledged: string[] = [];
  const failures: unknown[] = [];
  const note = (id: string): void => void acknowledged.push(id);
  for (let count = 0; count < 1000; count += 1) {
    const id = `agent-${count}`;
    const agent = agentInput({ id, certificateId, capabilities: [`capability-${count % 7}`] });
    void db.createAgent(agent).then(note, (error: unknown) => failures.push(error));
  }
  await db.close();
  expect(failures).toEqual([]);
  expect(acknowledged).toHaveLength(1000);
  await db.initialize();
  expect(await db.agents.count({})).toBe(1000);
  expect(await db.check()).toEqual(soundReport);
});

test('Of fifty callers in several processes who create the same agent, one succeeds, and the others find it there', async () => {
  const url = await newDatabaseUrl();
  const database = await openTestDatabase({ url });
  const ids = 10;
  const processes = [
    ['a', 17],
    ['b', 17],
    ['c', 16],
  ].map(([name, callers]) =>
    startProcess(join(__dirname, 'contending-process.ts'), url, String(name), String(callers), String(ids)),
  );
  await Promise.all(processes.map(nextLine));
  const answers = processes.map(nextLine);
  for (const { child } of processes) child.stdin?.write('go\n');
  const reports = (await Promise.all(answers)).map(
    (line) => JSON.parse(line) as { created: string[]; codes: Record<string, number> },
  );
  const created = reports.flatMap((report) => report.created).sort();
  expect(created).toHaveLength(ids);
  expect(reports.reduce((sum, { codes }) => sum + (codes['ALREADY_EXISTS'] ?? 0), 0)).toBe(49 * ids);
  // Whoever was told that it is theirs is the one whose it is.
  expect((await rawRows(database, 'agents')).map(({ id, owner }) => `${String(id)} ${String(owner)}`)).toEqual(created);
  expect(await database.db.check()).toEqual(soundReport);
});

describe('A clock that jumps back', () => {
  const noon = Date.parse('2026-06-01T12:00:00.000Z');
  const hourMs = 3_600_000;

  test('breaks neither the chain of events nor the order of the feed, and nothing is lost', async () => {
    let nowMs = noon;
    const database = await openTestDatabase({ now: () => nowMs });
    const { db } = database;
    const certificateId = await createCertificate(db);
    const ids: string[] = [];
    const events: string[] = [];
    for (let step = 0; step < 60; step += 1) {
      // Forth by minutes, and back by an hour now and then: summer time ends, or a server is set right.
      nowMs += step % 12 === 11 ? -hourMs : 60_000;
      ids.push(await db.createAgent(agentInput({ certificateId })));
      events.push(await db.recordSecurityEvent(eventInput()));
      await db.agents.setMetadata(ids[0] ?? '', { step });
    }
    expect(new Set(ids).size).toBe(60);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 60 });
    const changes = await db.changes({ limit: 1000 });
    const created = changes.filter(({ kind, entity }) => kind === 'CREATED' && entity === 'agent');
    expect(created.map(({ id }) => id)).toEqual(ids);
    expect((await rawValues(database, 'agents', 'id')).map(String).sort()).toEqual([...ids].sort());
    expect((await rawValues(database, 'security_events', 'id')).map(String).sort()).toEqual([...events].sort());
    expect(await db.check()).toEqual(soundReport);
  });

  test('leaves what is kept of a record no longer in the cache than it may be', async () => {
    let nowMs = noon;
    const { db, options } = await openTestDatabase({ now: () => nowMs, cache: { ttlMs: 1000 } });
    const { db: other } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const id = await db.createAgent(agentInput({ certificateId, owner: 'before' }));
    await db.getAgent(id);
    nowMs -= hourMs;
    await other.updateAgent({ id, owner: 'after' });
    expect(await db.getAgent(id)).toMatchObject({ owner: 'after' });
  });

  test('a revocation made before the jump stays, and one made after it holds', async () => {
    let nowMs = noon;
    const { db } = await openTestDatabase({ now: () => nowMs });
    const [before, after] = [await createCertificate(db), await createCertificate(db)];
    await db.updateCertificateStatus(before, 'REVOKED');
    nowMs -= hourMs;
    await expectError('INVALID_TRANSITION', () => db.updateCertificateStatus(before, 'VALID'));
    await db.updateCertificateStatus(after, 'REVOKED');
    await expectError('INVALID_TRANSITION', () => db.updateCertificateStatus(after, 'VALID'));
    expect(await db.check()).toEqual(soundReport);
  });
});

test('Callers who throw in a transaction, close in it, nest it, or never end it for long lose nothing of others', async () => {
  const { db } = await openTestDatabase();
  const certificateId = await createCertificate(db);
  const agent = (id: string) => agentInput({ id, certificateId, capabilities: [`capability-of-${id}`] });
  const acknowledged: string[] = [];
  const refused: string[] = [];
  const round = async (name: string): Promise<void> => {
    const boom = new Error('boom');
    const throwing = db.transaction(async (tx) => {
      await tx.createAgent(agent(`${name}-thrown`));
      throw boom;
    });
    const closing = db.transaction(async (tx) => {
      await expectError('CONFLICT', () => db.close());
      return tx.createAgent(agent(`${name}-closing`));
    });
    const nesting = db.transaction(async (tx) => {
      await expectError('CONFLICT', () => db.transaction((inner) => inner.createAgent(agent(`${name}-nested`))));
      return tx.createAgent(agent(`${name}-nesting`));
    });
    const slow = db.transaction(async (tx) => {
      const id = await tx.createAgent(agent(`${name}-slow`));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return id;
    });
    const single = db.createAgent(agent(`${name}-single`));
    const [thrown, ...others] = await Promise.allSettled([throwing, closing, nesting, slow, single]);
    expect(thrown).toEqual({ status: 'rejected', reason: boom });
    refused.push(`${name}-thrown`, `${name}-nested`);
    for (const other of others) if (other.status === 'fulfilled') acknowledged.push(other.value);
    // On PostgreSQL too many may get into each other's way.
    if (!onPostgresql) expect(others.map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'));
  };
  for (let count = 0; count < 5; count += 1) await Promise.all([round(`a${count}`), round(`b${count}`)]);
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(await db.agents.count({ ids: acknowledged })).toBe(acknowledged.length);
  expect(await db.agents.getMany(refused)).toEqual(refused.map(() => null));
  expect(await db.check()).toEqual(soundReport);
});

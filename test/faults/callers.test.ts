import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { soundReport } from '../support/sound-database';
import { nextLine, startProcess } from '../support/child-process';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';

test('close() waits for a thousand registrations that nobody awaits', async () => {
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

test('fifty callers in three processes that create the same agent store it once, and 49 fail with ALREADY_EXISTS', async () => {
  const url = await newDatabaseUrl();
  const database = await openTestDatabase({ url });
  const ids = 10;
  const path = join(__dirname, 'contending-process.ts');
  const processes = ['a 17', 'b 17', 'c 16'].map((caller) =>
    startProcess(path, url, ...caller.split(' '), String(ids)),
  );
  await Promise.all(processes.map(nextLine));
  const reports = (await Promise.all(processes.map(({ ask }) => ask('go')))).map(
    (line) => JSON.parse(line) as { created: string[]; codes: Record<string, number> },
  );
  const created = reports.flatMap((report) => report.created).sort();
  expect(created).toHaveLength(ids);
  expect(reports.reduce((sum, { codes }) => sum + (codes['ALREADY_EXISTS'] ?? 0), 0)).toBe(49 * ids);
  expect((await rawRows(database, 'agents')).map(({ id, owner }) => `${String(id)} ${String(owner)}`)).toEqual(created);
  expect(await database.db.check()).toEqual(soundReport);
});

describe('a clock that jumps back', () => {
  const noon = Date.parse('2026-06-01T12:00:00.000Z');
  const hourMs = 3_600_000;

  test('does not break the event chain or the order of the change feed, and no record is lost', async () => {
    let nowMs = noon;
    const database = await openTestDatabase({ now: () => nowMs });
    const { db } = database;
    const certificateId = await createCertificate(db);
    const ids: string[] = [];
    const events: string[] = [];
    for (let step = 0; step < 60; step += 1) {
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

  test('does not allow a change of a certificate that was revoked before or after the jump', async () => {
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

test('callers that throw, close, nest or wait in a transaction do not affect other callers', async () => {
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
      await sleep(20);
      return id;
    });
    const single = db.createAgent(agent(`${name}-single`));
    const [thrown, ...others] = await Promise.allSettled([throwing, closing, nesting, slow, single]);
    expect(thrown).toEqual({ status: 'rejected', reason: boom });
    refused.push(`${name}-thrown`, `${name}-nested`);
    for (const other of others) if (other.status === 'fulfilled') acknowledged.push(other.value);
    // On PostgreSQL, a transaction may still fail with CONFLICT after all its attempts.
    if (!onPostgresql) expect(others.map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'));
  };
  for (let count = 0; count < 5; count += 1) await Promise.all([round(`a${count}`), round(`b${count}`)]);
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(await db.agents.count({ ids: acknowledged })).toBe(acknowledged.length);
  expect(await db.agents.getMany(refused)).toEqual(refused.map(() => null));
  expect(await db.check()).toEqual(soundReport);
});

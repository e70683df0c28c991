import { soundReport } from '../support/sound-database';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

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
});

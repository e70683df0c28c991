import { soundReport } from '../support/sound-database';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

describe('clock', () => {
  const noon = Date.parse('2026-06-01T12:00:00.000Z');
  const hourMs = 3_600_000;

  test('a clock that jumps back breaks neither the event chain nor the order of the change feed', async () => {
    let nowMs = noon;
    const { database, db } = await openTestDatabase({ now: () => nowMs });
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

import { setTimeout as sleep } from 'node:timers/promises';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { databaseKinds, openTestDatabase } from '../support/test-database';
import { fill, soundReport } from '../support/sound-database';

describe.each(databaseKinds)('db.check() of %s', (_, options) => {
  test('db.check() reports no finding while other callers write', async () => {
    const database = await openTestDatabase(options);
    await fill(database);
    const { db } = database;
    let isOver = false;
    let writes = 0;
    const writer = async (writer: number): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const id = `w${writer}-${round}`;
        const certificateId = await db.createCertificate(certificateInput({ id, metadata: { round } }));
        const capabilities = [`only-${id}`, `shared-${round % 3}`];
        const endpoints = ['a', 'b', 'c'].map((name) => ({ id: name, protocol: 'https', address: 'x', port: 1 }));
        const agent = agentInput({ id, certificateId, capabilities, endpoints, defaultEndpoint: 'b' });
        await db.createAgent(agent, { unique: 'none' });
        await db.updateAgent({ id, name: `Name ${id}`, version: `1.${round}.0`, endpoints: endpoints.slice(1) });
        await db.agents.setCapabilities(id, [`shared-${(round + 1) % 3}`]);
        await db.certificates.rotate(id, certificateInput({ id: `${id}-next` }));
        await db.recordSecurityEvent(eventInput({ id, timestamp: new Date(round) }));
        await db.events.markMitigated(id, { applied: true });
        if (round % 5 === 4) await db.events.prune({ before: new Date(round) });
        if (round % 2 === 0) await db.deleteAgent(id);
        writes += 1;
      }
    };
    const writers = [1, 2, 3].map(writer);
    for (let checks = 0; checks < 8; checks += 1) {
      // On PostgreSQL, entries that are recorded during the check are not in the chain yet.
      expect(await db.check()).toEqual({ ...soundReport, pendingEntries: expect.any(Number) as number });
      const before = writes;
      while (writes < before + 2) await sleep(1);
    }
    isOver = true;
    await Promise.all(writers);
    expect(await db.check()).toEqual(soundReport);
  });

  test('db.check() does not block the event loop for more than 150 ms', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await db.createCertificate(certificateInput());
    const metadata = { text: 'x'.repeat(1000) };
    const agents = Array.from({ length: 4000 }, (_, index) =>
      agentInput({ certificateId, name: `Agent number ${index} of many`, capabilities: ['x', 'y'], metadata }),
    );
    await db.agents.createMany(agents);
    await db.check();
    const longest = await longestBlockMs(async () => expect(await db.check()).toEqual(soundReport));
    // The check yields every 10 ms. Other processes on the same machine may delay it.
    expect(longest).toBeLessThan(150);
  });
});

import { agentInput, certificateInput } from '../support/factories';
import { everyRound, openTwice, race, rounds } from '../support/race';

const certificateId = 'shared';
const options = { by: 'owner-name-version' } as const;

describe('concurrent upsertMany by name', () => {
  test('two concurrent calls of upsertMany register each agent once and never fail', async () => {
    const { db, other } = await openTwice();
    await db.createCertificate(certificateInput({ id: certificateId }));
    await everyRound(async (round) => {
      const agents = Array.from({ length: 5 }, (_, index) =>
        agentInput({ certificateId, name: `n${index}`, owner: `owner ${round}` }),
      );
      const outcomes = await race(
        round,
        () => db.agents.upsertMany(agents, options),
        () => other.agents.upsertMany([...agents].reverse(), options),
        () => db.transaction((tx) => tx.agents.upsertMany(agents.slice(2), options)),
      );
      const results = outcomes.flatMap((outcome) => ('code' in outcome ? [{ outcome: outcome.code }] : outcome));
      const count = (wanted: string): number => results.filter(({ outcome }) => outcome === wanted).length;
      expect([count('created'), count('unchanged'), results.length]).toEqual([5, 8, 13]);
      expect(await db.agents.count({ owner: `owner ${round}` })).toBe(5);
      // Each call changes every agent, so the later one sets the description of all agents.
      const describe = (description: string) => agents.map((agent) => ({ ...agent, description }));
      const updates = await race(
        round,
        () => db.agents.upsertMany(describe('one'), options),
        () => other.agents.upsertMany(describe('two').reverse(), options),
      );
      expect(updates.flat()).toEqual(Array(10).fill(expect.objectContaining({ outcome: 'updated' })));
      const stored = await db.agents.query({ owner: `owner ${round}` });
      expect(new Set(stored.map(({ description }) => description)).size).toBe(1);
    });
  }, 120_000);

  test('two concurrent calls of upsertMany with the same agents in opposite orders succeed without a retry', async () => {
    const { db, other } = await openTwice({ retry: { attempts: 1 } });
    await db.createCertificate(certificateInput({ id: certificateId }));
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const agents = Array.from({ length: 1100 }, (_, index) =>
        agentInput({ certificateId, name: `n${index}`, owner: `owner ${round}` }),
      );
      const changed = agents.map((agent) => ({ ...agent, description: 'Changed' })).reverse();
      for (const some of [agents, changed]) {
        const outcomes = await race(
          round,
          () => db.agents.upsertMany(some, options),
          () => other.agents.upsertMany([...some].reverse(), options),
        );
        const results = outcomes.flatMap((outcome) => ('code' in outcome ? [{ outcome: outcome.code }] : outcome));
        const written = results.filter(({ outcome }) => outcome === (some === agents ? 'created' : 'updated'));
        expect([written.length, results.length]).toEqual([1100, 2200]);
        expect(results.filter(({ outcome }) => outcome === 'unchanged')).toHaveLength(1100);
      }
    }
  }, 120_000);
});

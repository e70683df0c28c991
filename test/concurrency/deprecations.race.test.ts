import { agentInput, createCertificate } from '../support/factories';
import { inTurn, openTwice, outcomesOf, rounds as allRounds } from '../support/race';

const rounds = Math.ceil(allRounds / 4);

async function openWithAgents() {
  const { db: one, other: two } = await openTwice();
  const certificateId = await createCertificate(one);
  const create = (id: string) => one.createAgent(agentInput({ id, certificateId }));
  return { one, two, create };
}

describe('agents.deprecate during concurrent calls', () => {
  test('concurrent calls of deprecate that make two agents successors of each other succeed without a deadlock', async () => {
    const { one, two, create } = await openWithAgents();
    await inTurn(rounds, async (round) => {
      const [first, second] = [await create(`a${round}`), await create(`b${round}`)];
      const begin = performance.now();
      const ends = await outcomesOf(
        one.agents.deprecate(first, { successorId: second }),
        two.agents.deprecate(second, { successorId: first }),
      );
      expect(ends).toEqual([true, true]);
      // PostgreSQL detects a deadlock after a second.
      expect(performance.now() - begin).toBeLessThan(900);
      expect((await one.getAgent(first))?.deprecation?.successorId).toBe(second);
      expect((await one.getAgent(second))?.deprecation?.successorId).toBe(first);
    });
  });

  test('deprecate never keeps a successor that another call deletes at the same time', async () => {
    const { one, two, create } = await openWithAgents();
    await inTurn(rounds, async (round) => {
      const [old, next] = [await create(`a${round}`), await create(`b${round}`)];
      if (round % 2 === 0) await one.agents.deprecate(old, { successorId: next });
      const [deprecated, deleted] = await outcomesOf(
        one.agents.deprecate(old, { successorId: next, reason: 'again' }),
        two.deleteAgent(next),
      );
      expect(deleted).toBe(true);
      expect([true, 'REFERENCE_NOT_FOUND']).toContain(deprecated);
      const kept = await one.getAgent(old);
      expect(kept).toBeDefined();
      expect(kept?.deprecation?.successorId).toBeUndefined();
    });
    expect(await one.check()).toMatchObject({ ok: true });
  });
});

import type { DatabaseService, EndpointHealthReport } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { inTurn, isRefusal, openTwice, race, rounds as allRounds } from '../support/race';

const rounds = Math.ceil(allRounds / 2);
// The last two are in one order by code point, and in the other one by UTF-16 code unit.
const ids = ['a', 'b', 'c', '\uffee', '\u{1f642}'];
const endpoints = ['x', 'y', '\uffee', '\u{1f642}'].map((id) => ({ id, protocol: 'https', address: 'a', port: 1 }));

const reportsAt = (round: number, ms: number): EndpointHealthReport[] =>
  ids.flatMap((agentId) =>
    endpoints.map(({ id: endpointId }, place) => {
      const status = (round + place + ms) % 2 === 0 ? 'HEALTHY' : 'UNHEALTHY';
      return { agentId, endpointId, status, lastChecked: new Date(round * 10 + ms), message: String(ms) };
    }),
  );

/** Opens a database twice. A deadlock would fail a call, because no call is retried. */
async function openAgents() {
  const { db: one, other: two } = await openTwice({ retry: { attempts: 1 } });
  const certificateId = await createCertificate(one);
  const old = endpoints.map((endpoint) => ({
    ...endpoint,
    health: { status: 'UNKNOWN', lastChecked: new Date(0) } as const,
  }));
  const fill = (db: DatabaseService, missing: readonly string[]) =>
    db.agents.createMany(missing.map((id) => agentInput({ id, certificateId, endpoints: old })));
  await fill(one, ids);
  return { one, two, fill };
}

describe('concurrent calls of recordHealth', () => {
  test('concurrent calls of recordHealth store the newest health of each endpoint, whatever their order is', async () => {
    const { one, two } = await openAgents();
    await inTurn(rounds, async (round) => {
      const outcomes = await race(
        round,
        () => one.agents.recordHealth(reportsAt(round, 1)),
        () => two.agents.recordHealth(reportsAt(round, 3).reverse()),
        () => one.agents.recordHealth(reportsAt(round, 2).reverse()),
      );
      expect(outcomes.filter(isRefusal)).toEqual([]);
      const stored = await one.agents.getMany(ids);
      const messages = stored.flatMap((agent) => agent?.endpoints.map(({ health }) => health.message));
      expect(new Set(messages)).toEqual(new Set(['3']));
    });
  });

  test('recordHealth does not fail while other calls change and delete the same agents and endpoints', async () => {
    const { one, two, fill } = await openAgents();
    const replacement = endpoints.toReversed().map((endpoint) => ({ ...endpoint, address: 'b' }));
    await inTurn(rounds, async (round) => {
      const id = ids[round % ids.length] ?? 'a';
      const outcomes = await race(
        round,
        () => one.agents.recordHealth(reportsAt(round, 1)),
        () => two.agents.delete(id),
        () => two.agents.recordHealth(reportsAt(round, 2).reverse()),
        () => one.agents.update({ id: 'b', endpoints: replacement }),
        () => two.agents.setEndpointHealth('c', 'y', { status: 'DEGRADED' }),
        () => two.agents.setStatus('c', 'SUSPENDED'),
        () => one.agents.expireDue(),
      );
      expect(outcomes.filter(isRefusal)).toEqual([]);
      await fill(one, [id]);
    });
  });
});

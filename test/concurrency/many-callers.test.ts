import { DatabaseService, type DatabaseError } from '../../src';
import { onPostgresql } from '../support/engine';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { whileWorking } from '../support/race';
import { databaseKinds, openTestDatabase } from '../support/test-database';

/** Returns the number of calls by outcome: ok, or the code of the error. */
async function tally(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.allSettled(calls)) {
    const key = outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as DatabaseError).code;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const fifty = Array.from({ length: 50 }, (_, index) => index);

describe.each(databaseKinds)('fifty concurrent callers on %s', (_name, options) => {
  test('one of fifty concurrent calls creates the agent with an id, and 49 fail with ALREADY_EXISTS', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const create = (index: number) => db.createAgent(agentInput({ id: 'same', certificateId, name: `Agent ${index}` }));
    expect(await tally(fifty.map(create))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    expect(await db.queryAgents({})).toHaveLength(1);
  });

  test('one of fifty concurrent calls creates a certificate or event, and 49 fail with ALREADY_EXISTS', async () => {
    const { db } = await openTestDatabase(options);
    expect(await tally(fifty.map(() => createCertificate(db, { id: 'same' })))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    const writings = ['AA:BB', 'aabb', 'AABB', 'aa:Bb'];
    const create = (index: number) => createCertificate(db, { fingerprint: writings[index % writings.length] ?? '' });
    expect(await tally(fifty.map(create))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    const record = () => db.recordSecurityEvent(eventInput({ id: 'same' }));
    expect(await tally(fifty.map(record))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
  });

  test('fifty concurrent calls of createAgent with the same new capabilities all succeed', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const capabilities = ['one', 'two', 'three'];
    const create = (index: number) => db.createAgent(agentInput({ id: `a${index}`, certificateId, capabilities }));
    expect(await tally(fifty.map(create))).toEqual({ ok: 50 });
    const found = await db.queryAgents({ capabilities, allCapabilities: true });
    expect(found).toHaveLength(50);
    expect(found[0]?.capabilities).toEqual(['one', 'three', 'two']);
  });

  test('reads return a whole agent or none while fifty concurrent calls update, delete and create the agent', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const version = (index: number) => ({
      id: 'same',
      capabilities: [`c${index}`, 'shared'],
      metadata: { version: index },
      endpoints: [{ id: `e${index}`, protocol: 'p', address: `${index}`, port: 1 }],
      description: `${index}`,
    });
    const calls = fifty.map((index) => {
      if (index % 5 === 0) return db.deleteAgent('same');
      if (index % 5 === 1) return db.createAgent(agentInput({ ...version(index), certificateId }));
      return db.updateAgent(version(index));
    });
    const { ok = 0, ALREADY_EXISTS: refused = 0 } = await whileWorking(tally(calls), async () => {
      const agent = await db.getAgent('same');
      expect(agent === null || isWhole(agent)).toBe(true);
    });
    // A creation fails when the agent that an earlier call created still exists.
    expect(ok + refused).toBe(50);
    expect(refused).toBeLessThanOrEqual(10);
    // SQLite runs the calls in order. The last call is an update, and the creation before it ensures that the agent
    // exists.
    if (!onPostgresql) expect(await db.getAgent('same')).toMatchObject({ description: '49' });
  });
});

/** Reports whether all fields of an agent are of the same version. */
function isWhole(agent: NonNullable<Awaited<ReturnType<DatabaseService['getAgent']>>>): boolean {
  const version = agent.description ?? '';
  return (
    agent.metadata['version'] === Number(version) &&
    agent.endpoints.length === 1 &&
    agent.endpoints[0]?.id === `e${version}` &&
    agent.capabilities.join() === `c${version},shared`
  );
}

import type { AgentInput, DatabaseService, Uniqueness } from '../../src';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { openBeside, openTwice, outcomeOf, rounds, type SharedDatabase } from './race';

const certificateId = 'shared';
type Register = (db: DatabaseService, agent: AgentInput, unique: Uniqueness) => Promise<unknown>;

/** Every way to give an agent a name; a refusal throws. */
const ways: readonly Register[] = [
  (db, agent, unique) => db.createAgent(agent, { unique }),
  (db, agent, unique) => db.transaction((tx) => tx.createAgent(agent, { unique })),
  (db, agent, unique) =>
    // The snapshot of the transaction is older than the registration.
    db.transaction(async (tx) => {
      await tx.agents.count();
      await new Promise((resolve) => setImmediate(resolve));
      await tx.agents.createMany([agent], { unique });
    }),
  (db, agent, unique) => db.agents.createMany([agent], { unique }),
  async (db, agent, unique) => {
    const [result] = await db.agents.createMany([agent], { unique, onError: 'collect' });
    if (result?.ok === false) throw result.error;
  },
  (db, agent, unique) =>
    db.register({ certificate: certificateInput(), agent: { ...agent, certificateId: undefined } }, { unique }),
  async (db, agent) => {
    const { name, ...rest } = agent;
    const id = await db.createAgent({ ...rest, name: `${name} ${agent.owner} before` });
    await db.updateAgent({ id, name });
  },
  async (db, agent) => {
    const { name, ...rest } = agent;
    const id = await db.createAgent({ ...rest, name: `${name} ${agent.owner} before` });
    await db.transaction(async (tx) => {
      await tx.agents.count();
      await tx.updateAgent({ id, name });
    });
  },
];

const conditions: readonly Uniqueness[] = ['name-version', 'owner-name-version', 'none'];

/** Agents that have what another one holds: there must be none. */
const brokenHolds = `SELECT a.id FROM agents a JOIN agents h ON h.name = a.name AND h.version = a.version AND h.id <> a.id
  WHERE h.unique_key IS NOT NULL AND (h.description = 'name-version' OR h.owner = a.owner)`;

async function openFour(): Promise<{ database: SharedDatabase; callers: readonly DatabaseService[] }> {
  // A burst of conflicts is tried again for longer than the default.
  const database = await openTwice({ retry: { attempts: 20, budgetMs: 30_000 } });
  await createCertificate(database.db, { id: certificateId });
  const others = [await openBeside(database), await openBeside(database)];
  return { database, callers: [database.db, database.other, ...others] };
}

test('8 callers with different conditions never register two agents with a held name', async () => {
  const { database, callers } = await openFour();
  let holders = 0;
  for (let round = 0; round < Math.max(rounds, 30); round += 1) {
    const calls = ways.map((register, caller) => {
      const db = callers[caller % callers.length] ?? database.db;
      const unique = conditions[(caller + round) % conditions.length] ?? 'none';
      const owner = round % 2 === 0 ? 'same' : `${caller % 2}`;
      // What it holds is told by its description, for the query above.
      const agent = agentInput({ name: `Name ${round}`, owner, certificateId, description: unique });
      return outcomeOf(register(db, agent, unique));
    });
    const outcomes = await Promise.all(calls);
    for (const outcome of outcomes) {
      if (typeof outcome === 'object' && outcome !== null && 'code' in outcome) {
        expect(outcome).toEqual({ code: 'ALREADY_EXISTS' });
      }
    }
    const found = await database.db.agents.count({ exactName: `Name ${round}` });
    expect(found).toBeGreaterThan(0);
    holders += found === 1 ? 1 : 0;
  }
  expect(await queryRaw(database, brokenHolds)).toEqual([[]]);
  expect(holders).toBeGreaterThan(0);
});

test('8 transactions that share a name without holding it all succeed', async () => {
  const { database, callers } = await openFour();
  const calls = Array.from({ length: 8 }, (_, caller) => {
    const db = callers[caller % callers.length] ?? database.db;
    return db.transaction((tx) =>
      tx.createAgent(agentInput({ name: 'Common', owner: `${caller % 3}`, certificateId })),
    );
  });
  await Promise.all(calls);
  expect(await database.db.agents.count({ exactName: 'Common' })).toBe(8);
});

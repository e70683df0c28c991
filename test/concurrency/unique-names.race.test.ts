import type { AgentInput, DatabaseService, Uniqueness } from '../../src';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { everyRound, expectBothWays, isRefusal, openBeside, openTwice, outcomeOf, race, rounds } from '../support/race';
import type { SharedDatabase } from '../support/race';

type Register = (db: DatabaseService, agent: AgentInput, unique: Uniqueness) => Promise<unknown>;

const certificateId = 'shared';
const taken = { code: 'ALREADY_EXISTS' };

function agentOf(name: string, owner: string): AgentInput {
  return agentInput({ name, owner, certificateId });
}

/** Every way to register an agent; a refusal throws. */
const registrations: readonly Register[] = [
  (db, agent, unique) => db.createAgent(agent, { unique }),
  (db, agent, unique) =>
    db.register({ certificate: certificateInput(), agent: { ...agent, certificateId: undefined } }, { unique }),
  (db, agent, unique) => db.transaction((tx) => tx.createAgent(agent, { unique })),
  (db, agent, unique) => db.agents.createMany([agent], { unique }),
  async (db, agent, unique) => {
    const [result] = await db.agents.createMany([agent], { unique, onError: 'collect' });
    if (result?.ok === false) throw result.error;
  },
];

/** Registers an agent under another name, so that an update can give it `name`. */
async function createRenamed(db: DatabaseService, { name, ...agent }: AgentInput): Promise<string> {
  return db.createAgent({ ...agent, name: `${name} ${agent.owner} before` });
}

/** Every way to give an agent a name; a refusal throws. */
const namings: readonly Register[] = [
  ...registrations,
  (db, agent, unique) =>
    // The snapshot of the transaction is older than the registration.
    db.transaction(async (tx) => {
      await tx.agents.count();
      await new Promise((resolve) => setImmediate(resolve));
      await tx.agents.createMany([agent], { unique });
    }),
  async (db, agent) => {
    const id = await createRenamed(db, agent);
    await db.updateAgent({ id, name: agent.name });
  },
  async (db, agent) => {
    const id = await createRenamed(db, agent);
    await db.transaction(async (tx) => {
      await tx.agents.count();
      await tx.updateAgent({ id, name: agent.name });
    });
  },
];

function wayOf(index: number): Register {
  const register = registrations[index % registrations.length];
  if (register === undefined) throw new Error('There is no such way');
  return register;
}

test('one of two concurrent registrations of a name succeeds, and the other fails with ALREADY_EXISTS', async () => {
  const { database, db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  // The rounds cover every pair of ways to register.
  const count = Math.max(rounds, registrations.length ** 2);
  const winners = new Set<boolean>();
  await everyRound(async (round) => {
    const name = `Name ${round}`;
    const [one, two] = [wayOf(round), wayOf(Math.floor(round / registrations.length))];
    const unique = round % 4 < 2 ? 'name-version' : 'owner-name-version';
    const [owner, otherOwner] = unique === 'name-version' ? ['one', 'two'] : ['same', 'same'];
    const outcomes = await race(
      round,
      () => one(db, agentOf(name, owner), unique),
      () => two(other, agentOf(name, otherOwner), unique),
    );
    expect(outcomes.filter(isRefusal)).toEqual([taken]);
    const isFirst = isRefusal(outcomes[1]);
    const found = await db.agents.query({ exactName: name });
    expect(found.map((agent) => agent.owner)).toEqual([isFirst ? owner : otherOwner]);
    winners.add(isFirst);
  }, count);
  expect(await db.agents.count()).toBe(count);
  // A refused registration leaves no certificate.
  const unheld = `SELECT id FROM certificates WHERE id NOT IN (SELECT certificate_id FROM agents) AND id <> 'shared'`;
  expect(await queryRaw(database, unheld)).toEqual([[]]);
  expectBothWays(winners);
});

test('only one of many concurrent registrations of a name succeeds', async () => {
  const { db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  await everyRound(
    async (round) => {
      const name = `Name ${round}`;
      const calls = [...registrations, ...registrations].map((register, caller) => {
        return outcomeOf(register(caller % 2 === 0 ? db : other, agentOf(name, `${caller}`), 'name-version'));
      });
      expect((await Promise.all(calls)).filter(isRefusal)).toHaveLength(calls.length - 1);
      expect(await db.agents.count({ exactName: name })).toBe(1);
    },
    Math.ceil(rounds / 5),
  );
});

// Batches in opposite orders may wait for each other, which PostgreSQL detects only after a second.
test('two concurrent calls of createMany register each name once, and the other call reports ALREADY_EXISTS', async () => {
  const { db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  await everyRound(
    async (round) => {
      const names = ['p', 'q', 'r', 's'].map((name) => `${name} ${round}`);
      const create = (service: DatabaseService, owner: string, order: readonly string[]) => () =>
        service.agents.createMany(
          order.map((name) => agentInput({ id: `${owner} ${name}`, name, owner, certificateId })),
          { unique: 'name-version', onError: 'collect' },
        );
      const outcomes = await race(round, create(db, 'one', names), create(other, 'two', [...names].reverse()));
      const told = outcomes.flatMap((outcome) => ('code' in outcome ? [] : outcome));
      expect(told).toHaveLength(8);
      const registered = told.flatMap((result) => (result.ok ? [result.id] : []));
      for (const result of told) if (!result.ok) expect(result.error).toMatchObject(taken);
      expect(registered.map((id) => id.slice(4)).sort()).toEqual(names);
      expect((await db.agents.getMany(registered)).map((agent) => agent?.id)).toEqual(registered);
      expect(await db.agents.count({ ids: names.flatMap((name) => [`one ${name}`, `two ${name}`]) })).toBe(4);
    },
    Math.ceil(rounds / 5),
  );
});

const conditions: readonly Uniqueness[] = ['name-version', 'owner-name-version', 'none'];

/** SQL that returns the agents whose name another agent has reserved. It must return none. */
const brokenHolds = `SELECT a.id FROM agents a JOIN agents h ON h.name = a.name AND h.version = a.version AND h.id <> a.id
  WHERE h.unique_key IS NOT NULL AND (h.description = 'name-version' OR h.owner = a.owner)`;

async function openFour(): Promise<{ database: SharedDatabase; callers: readonly DatabaseService[] }> {
  // Retries for longer than the default, because the callers conflict often.
  const database = await openTwice({ retry: { attempts: 20, budgetMs: 30_000 } });
  await createCertificate(database.db, { id: certificateId });
  const others = [await openBeside(database), await openBeside(database)];
  return { database, callers: [database.db, database.other, ...others] };
}

test('concurrent callers with different values of the option unique never register a reserved name twice', async () => {
  const { database, callers } = await openFour();
  let holders = 0;
  for (let round = 0; round < Math.max(rounds, 30); round += 1) {
    const calls = namings.map((register, caller) => {
      const db = callers[caller % callers.length] ?? database.db;
      const unique = conditions[(caller + round) % conditions.length] ?? 'none';
      const owner = round % 2 === 0 ? 'same' : `${caller % 2}`;
      // The description contains the condition of the agent, for `brokenHolds`.
      const agent = agentInput({ name: `Name ${round}`, owner, certificateId, description: unique });
      return outcomeOf(register(db, agent, unique));
    });
    const outcomes = await Promise.all(calls);
    for (const outcome of outcomes) {
      if (isRefusal(outcome)) expect(outcome).toEqual(taken);
    }
    const found = await database.db.agents.count({ exactName: `Name ${round}` });
    expect(found).toBeGreaterThan(0);
    holders += found === 1 ? 1 : 0;
  }
  expect(await queryRaw(database, brokenHolds)).toEqual([[]]);
  expect(holders).toBeGreaterThan(0);
});

test('eight concurrent transactions that register the same name without the option unique all succeed', async () => {
  const { database, callers } = await openFour();
  const calls = Array.from({ length: 8 }, (_, caller) => {
    const db = callers[caller % callers.length] ?? database.db;
    return db.transaction((tx) => tx.createAgent(agentOf('Common', `${caller % 3}`)));
  });
  await Promise.all(calls);
  expect(await database.db.agents.count({ exactName: 'Common' })).toBe(8);
});

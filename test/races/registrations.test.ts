import { v7 as uuidv7 } from 'uuid';
import type { AgentInput, DatabaseService, Uniqueness } from '../../src';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { everyRound, expectBothWays, openTwice, outcomeOf, race, rounds } from './race';

type Register = (db: DatabaseService, name: string, owner: string, unique: Uniqueness) => Promise<unknown>;

const certificateId = 'shared';
const taken = { code: 'ALREADY_EXISTS' };

function agentOf(name: string, owner: string): AgentInput {
  return agentInput({ name, owner, certificateId });
}

/** Every way to register an agent on condition that its name is the only one; a refusal throws. */
const ways: readonly Register[] = [
  (db, name, owner, unique) => db.createAgent(agentOf(name, owner), { unique }),
  (db, name, owner, unique) => {
    const id = uuidv7();
    const agent = { ...agentOf(name, owner), certificateId: id };
    return db.register({ certificate: certificateInput({ id }), agent }, { unique });
  },
  (db, name, owner, unique) => db.transaction((tx) => tx.createAgent(agentOf(name, owner), { unique })),
  (db, name, owner, unique) => db.agents.createMany([agentOf(name, owner)], { unique }),
  async (db, name, owner, unique) => {
    const [result] = await db.agents.createMany([agentOf(name, owner)], { unique, onError: 'collect' });
    if (result?.ok === false) throw result.error;
  },
];

test('Of two registrations of one name at the same time one succeeds, and the other is told that it is taken', async () => {
  const database = await openTwice();
  const { db, other } = database;
  await createCertificate(db, { id: certificateId });
  // Each way against each.
  const count = Math.max(rounds, ways.length ** 2);
  const winners = new Set<boolean>();
  await everyRound(async (round) => {
    const name = `Name ${round}`;
    const [one, two] = [wayOf(round), wayOf(Math.floor(round / ways.length))];
    const unique = round % 4 < 2 ? 'name-version' : 'owner-name-version';
    const [owner, otherOwner] = unique === 'name-version' ? ['one', 'two'] : ['same', 'same'];
    const outcomes = await race(
      round,
      () => one(db, name, owner, unique),
      () => two(other, name, otherOwner, unique),
    );
    expect(outcomes.filter(isRefusal)).toEqual([taken]);
    const isFirst = isRefusal(outcomes[1]);
    const found = await db.agents.query({ exactName: name });
    expect(found.map((agent) => agent.owner)).toEqual([isFirst ? owner : otherOwner]);
    winners.add(isFirst);
  }, count);
  expect(await db.agents.count()).toBe(count);
  // What is refused leaves no certificate either.
  const unheld = `SELECT id FROM certificates WHERE id NOT IN (SELECT certificate_id FROM agents) AND id <> 'shared'`;
  expect(await queryRaw(database, unheld)).toEqual([[]]);
  expectBothWays(winners);
});

test('Of many registrations of one name at the same time one succeeds', async () => {
  const { db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  await everyRound(
    async (round) => {
      const name = `Name ${round}`;
      const calls = [...ways, ...ways].map((register, caller) => {
        return outcomeOf(register(caller % 2 === 0 ? db : other, name, `${caller}`, 'name-version'));
      });
      expect((await Promise.all(calls)).filter(isRefusal)).toHaveLength(calls.length - 1);
      expect(await db.agents.count({ exactName: name })).toBe(1);
    },
    Math.ceil(rounds / 5),
  );
});

// In opposite orders they may wait for each other, which takes the server a second to notice.
test('Of two batches of the same names at the same time each name is registered once, by the one that is told so', async () => {
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

test('Of two registrations on different conditions at the same time, of one owner, one succeeds', async () => {
  const { db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  const winners = new Set<boolean>();
  await everyRound(async (round) => {
    const name = `Name ${round}`;
    const [one, two] = round % 4 < 2 ? [wayOf(0), wayOf(1)] : [wayOf(1), wayOf(0)];
    const outcomes = await race(
      round,
      () => one(db, name, 'same', 'name-version'),
      () => two(other, name, 'same', 'owner-name-version'),
    );
    expect(outcomes.filter(isRefusal)).toEqual([taken]);
    expect(await db.agents.count({ exactName: name })).toBe(1);
    winners.add(isRefusal(outcomes[1]));
  });
  expectBothWays(winners);
});

function wayOf(index: number): Register {
  const register = ways[index % ways.length];
  if (register === undefined) throw new Error('There is no such way');
  return register;
}

function isRefusal(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome;
}

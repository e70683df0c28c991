import type { AgentInput, CreateOptions, DatabaseService, TransactionScope, Uniqueness } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError, expectRefused } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import type { LocatedDatabase } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { sampled } from '../support/sampled';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

type Target = DatabaseService | TransactionScope;
type Register = (target: Target, agent: AgentInput, options: CreateOptions) => Promise<unknown>;

const certificateId = 'shared';
const conditions: readonly Uniqueness[] = ['none', 'owner-name-version', 'name-version'];

/** All calls that register an agent. A refused call throws. */
const ways: readonly (readonly [name: string, register: Register])[] = [
  ['create', (target, agent, options) => target.agents.create(agent, options)],
  ['createAgent', (target, agent, options) => target.createAgent(agent, options)],
  [
    'register',
    (target, agent, options) =>
      target.register({ certificate: certificateInput(), agent: { ...agent, certificateId: undefined } }, options),
  ],
  ['createMany with abort', (target, agent, options) => target.agents.createMany([agent], options)],
  [
    'createMany with collect',
    async (target, agent, options) => {
      const [result] = await target.agents.createMany([agent], { ...options, onError: 'collect' });
      if (result?.ok === false) throw result.error;
    },
  ],
];

function agentOf(fields: Partial<AgentInput> = {}): AgentInput {
  return agentInput({ name: 'Held', version: '1.0.0', owner: 'one', certificateId, ...fields });
}

/** Opens a database with the agent `holder`, which was created with the given uniqueness of its name and version. */
async function openWithHolder(unique: Uniqueness): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await createCertificate(database.db, { id: certificateId });
  await database.db.createAgent(agentOf({ id: 'holder' }), { unique });
  return database;
}

async function expectTaken(database: LocatedDatabase, work: () => unknown): Promise<void> {
  const { field } = await expectRefused(database, 'ALREADY_EXISTS', work);
  expect(field).toMatch(/(^|\.)name$/);
}

describe.each(onPostgresql ? sampled(ways, 2) : ways)('%s', (_, register) => {
  test.each(conditions)(
    'a name that an agent holds with unique: name-version is refused for a new agent with unique: %s',
    async (unique) => {
      const database = await openWithHolder('name-version');
      await expectTaken(database, () => register(database.db, agentOf({ owner: 'two' }), { unique }));
      await expectTaken(database, () => register(database.db, agentOf(), { unique }));
      await expectTaken(database, () => database.db.transaction((tx) => register(tx, agentOf(), { unique })));
      await register(database.db, agentOf({ version: '2.0.0' }), { unique });
    },
  );

  test.each(conditions)(
    'a name that an agent of the same owner holds is refused for a new agent with unique: %s',
    async (unique) => {
      const database = await openWithHolder('owner-name-version');
      await expectTaken(database, () => register(database.db, agentOf(), { unique }));
      await register(database.db, agentOf({ name: 'Other' }), { unique });
    },
  );

  test('only unique: name-version refuses a name that an agent of another owner holds within its owner', async () => {
    const database = await openWithHolder('owner-name-version');
    await expectTaken(database, () => register(database.db, agentOf({ owner: 'two' }), { unique: 'name-version' }));
    await register(database.db, agentOf({ owner: 'two' }), { unique: 'owner-name-version' });
    await register(database.db, agentOf({ owner: 'three' }), {});
  });

  test('an agent cannot hold a unique name that another agent already has', async () => {
    const database = await openWithHolder('none');
    await expectTaken(database, () => register(database.db, agentOf(), { unique: 'owner-name-version' }));
    await expectTaken(database, () => register(database.db, agentOf({ owner: 'two' }), { unique: 'name-version' }));
    await register(database.db, agentOf(), {});
    await register(database.db, agentOf({ owner: 'two' }), { unique: 'owner-name-version' });
  });

  test('unique names that differ in Unicode normal form or letter case are different names', async () => {
    const { db } = await openWithHolder('none');
    for (const name of ['\u00e9', 'e\u0301', '\u212a', 'K', 'k']) {
      await register(db, agentOf({ name }), { unique: 'name-version' });
      await expectError('ALREADY_EXISTS', () => register(db, agentOf({ name }), {}));
    }
  });
});

describe('A name that an agent holds as unique', () => {
  test.each([
    ['a change of the status to REVOKED', (db: DatabaseService) => db.agents.setStatus('holder', 'REVOKED')],
    ['an update to the same name', (db: DatabaseService) => db.updateAgent({ ...agentOf(), id: 'holder' })],
    ['a read-modify-write', async (db: DatabaseService) => db.updateAgent((await db.getAgent('holder')) ?? { id: '' })],
    ['a rotation', (db: DatabaseService) => db.certificates.rotate(certificateId, certificateInput())],
    ['a renewal', (db: DatabaseService) => db.agents.renew('holder', new Date(Date.now() + 1000))],
    ['an update of something else', (db: DatabaseService) => db.updateAgent({ id: 'holder', description: 'x' })],
    [
      'a revocation of its certificate',
      (db: DatabaseService) => db.certificates.revoke(certificateId, { reason: 'superseded', agents: 'revoke' }),
    ],
  ])('an agent still holds its unique name after %s', async (_, change) => {
    const database = await openWithHolder('name-version');
    await change(database.db);
    const options = { allowRevokedCertificate: true };
    await expectTaken(database, () => database.db.createAgent(agentOf(), options));
    await expectTaken(database, () => database.db.createAgent(agentOf(), { ...options, unique: 'name-version' }));
  });

  test("an update of another agent's name, version or owner cannot take a unique name", async () => {
    const { db, ...database } = await openWithHolder('owner-name-version');
    await db.createAgent(agentOf({ id: 'named', name: 'Other' }));
    await db.createAgent(agentOf({ id: 'versioned', version: '2.0.0' }), { unique: 'name-version' });
    await db.createAgent(agentOf({ id: 'owned', owner: 'two' }), { unique: 'owner-name-version' });
    await expectTaken(database, () => db.updateAgent({ id: 'named', name: 'Held' }));
    await expectTaken(database, () => db.updateAgent({ id: 'versioned', version: '1.0.0' }));
    await expectTaken(database, () => db.updateAgent({ id: 'owned', owner: 'one' }));
    await expectTaken(database, () => db.transaction((tx) => tx.updateAgent({ id: 'named', name: 'Held' })));
    await db.updateAgent({ id: 'named', name: 'Held', owner: 'three' });
  });

  test.each([
    ['deleted', (db: Target) => db.deleteAgent('holder')],
    ['given another name', (db: Target) => db.updateAgent({ id: 'holder', name: 'Other' })],
    ['given another version', (db: Target) => db.updateAgent({ id: 'holder', version: '2.0.0' })],
  ])('a unique name is free again when its agent is %s, even in the same transaction', async (_, change) => {
    for (const [held, unique] of [
      ['name-version', 'none'],
      ['name-version', 'name-version'],
      ['none', 'owner-name-version'],
      ['none', 'name-version'],
    ] as const) {
      const { db } = await openWithHolder(held);
      await db.transaction(async (tx) => {
        await change(tx);
        await tx.createAgent(agentOf({ id: 'next' }), { unique });
      });
      expect(await db.agents.count({ exactName: 'Held', version: '1.0.0' })).toBe(1);
    }
  });

  test('a change of the owner releases a name that is unique within the owner, but not among all owners', async () => {
    const all = await openWithHolder('name-version');
    await all.db.updateAgent({ id: 'holder', owner: 'two' });
    await expectTaken(all, () => all.db.createAgent(agentOf({ owner: 'three' })));
    const own = await openWithHolder('owner-name-version');
    await own.db.updateAgent({ id: 'holder', owner: 'two' });
    await own.db.createAgent(agentOf());
    await own.db.createAgent(agentOf({ owner: 'two' }));
  });

  test('an agent does not hold its old unique name again after it is renamed and renamed back', async () => {
    const { db } = await openWithHolder('name-version');
    await db.updateAgent({ id: 'holder', name: 'Other' });
    await db.updateAgent({ id: 'holder', name: 'Held' });
    await db.createAgent(agentOf());
    expect(await db.agents.count({ exactName: 'Held' })).toBe(2);
  });

  test('the first agent of a batch that requests a unique name holds it', async () => {
    const { db } = await openWithHolder('none');
    const batch = ['a', 'b', 'c'].map((id) => agentOf({ id, name: 'New', owner: id === 'c' ? 'two' : 'one' }));
    const codesOf = async (unique: Uniqueness) =>
      (await db.agents.createMany(batch, { unique, onError: 'collect' })).map((result) =>
        result.ok ? result.id : result.error.code,
      );
    expect(await codesOf('owner-name-version')).toEqual(['a', 'ALREADY_EXISTS', 'c']);
    await db.deleteAgent('a');
    await db.deleteAgent('c');
    expect(await codesOf('name-version')).toEqual(['a', 'ALREADY_EXISTS', 'ALREADY_EXISTS']);
    await db.deleteAgent('a');
    expect(await codesOf('none')).toEqual(['a', 'b', 'c']);
  });

  test('check reports a unique name that another program gives to a second agent', async () => {
    const { db, ...database } = await openWithHolder('owner-name-version');
    await db.createAgent(agentOf({ id: 'other', name: 'Other' }));
    expect(await db.check()).toMatchObject({ ok: true });
    await changeRaw(database, "UPDATE agents SET name = 'Held', name_folded = 'held' WHERE id = 'other'");
    const { findings } = await db.check();
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'unique-name', entity: 'agent', id: 'other', field: 'name' }),
    );
  });
});

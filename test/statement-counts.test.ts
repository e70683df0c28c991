import { onPostgresql } from './support/engine';
import { agentInput, certificateInput, createAgent, createCertificate } from './support/factories';
import { openTestDatabase } from './support/test-database';

const richAgent = {
  endpoints: Array.from({ length: 30 }, (_, index) => ({ protocol: 'https', address: `host-${index}`, port: 443 })),
  capabilities: Array.from({ length: 119 }, (_, index) => `capability-${index}`),
  metadata: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${index}`, index])),
};

describe('the number of SQL statements', () => {
  test('getAgent sends one SQL statement, also for a large agent', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const id = await createAgent(db, richAgent);
    expect(await statementsOf(() => db.getAgent(id))).toHaveLength(1);
  });

  test('queryAgents sends one SQL statement, also for ten large agents', async () => {
    const { db, statementsOf } = await openTestDatabase();
    for (let count = 0; count < 20; count += 1) await createAgent(db, richAgent);
    const query = { name: 'test', capabilities: ['capability-1', 'capability-2'], allCapabilities: true, limit: 10 };
    const statements = await statementsOf(async () => expect(await db.queryAgents(query)).toHaveLength(10));
    expect(statements).toHaveLength(1);
  });

  test('createAgent sends as many SQL statements for a hundred capabilities as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const poor = agentInput({
      certificateId,
      endpoints: richAgent.endpoints.slice(0, 1),
      capabilities: richAgent.capabilities.slice(0, 1),
      metadata: { key: 1 },
    });
    const forPoor = await statementsOf(() => db.createAgent(poor));
    const forRich = await statementsOf(() => db.createAgent(agentInput({ ...richAgent, certificateId })));
    // PostgreSQL also locks the name.
    expect(forPoor).toHaveLength(onPostgresql ? 7 : 6);
    expect(forRich).toEqual(forPoor);
  });

  test('updateAgent sends as many SQL statements for a hundred new capabilities as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const id = await createAgent(db, richAgent);
    const others = richAgent.capabilities.map((name) => `other-${name}`);
    const forRich = await statementsOf(() => db.updateAgent({ id, ...richAgent, capabilities: others }));
    const forPoor = await statementsOf(() =>
      db.updateAgent({
        id,
        endpoints: richAgent.endpoints.slice(0, 1),
        capabilities: ['one'],
        metadata: { key: 1 },
      }),
    );
    // PostgreSQL also locks the agent, and links of the capabilities that it loses.
    expect(forRich).toHaveLength(onPostgresql ? 14 : 12);
    expect(forPoor).toEqual(forRich);
  });

  test('updateAgent sends no SQL statement about capabilities when the capabilities are unchanged', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const id = await createAgent(db, richAgent);
    const statements = await statementsOf(() => db.updateAgent({ id, ...richAgent }));
    expect(statements).toHaveLength(onPostgresql ? 9 : 8);
    expect(statements.filter((text) => /(INSERT INTO|UPDATE|DELETE FROM) \w*capabilities/.test(text))).toEqual([]);
  });

  test(`deleteAgent sends ${onPostgresql ? 'eight' : 'six'} SQL statements`, async () => {
    const { db, statementsOf } = await openTestDatabase();
    const id = await createAgent(db, richAgent);
    expect(await statementsOf(() => db.deleteAgent(id))).toHaveLength(onPostgresql ? 8 : 6);
  });

  test('updateMany and deleteMany send as many SQL statements for a hundred agents as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const ids = Array.from({ length: 102 }, (_, index) => `agent-${index}`);
    const poorAgent = { endpoints: richAgent.endpoints.slice(0, 2), metadata: { one: 1 } };
    await db.agents.createMany(
      ids.map((id) => agentInput({ id, certificateId, ...poorAgent, capabilities: ['all', id] })),
    );
    const other = await createCertificate(db);
    const updates = ids.map((id) => ({
      ...{
        id,
        name: `Renamed ${id}`,
        certificateId: other,
        version: '2.0.0',
        endpoints: richAgent.endpoints.slice(0, 1),
      },
      ...{ capabilities: ['all', `new ${id}`], metadata: { two: 2 } },
    }));
    const forOne = await statementsOf(() => db.agents.updateMany(updates.slice(0, 1)));
    const forHundred = await statementsOf(() => db.agents.updateMany(updates.slice(1)));
    // PostgreSQL also locks the agents, their names, and links of the capabilities that they lose.
    expect(forOne).toHaveLength(onPostgresql ? 17 : 14);
    expect(forHundred).toHaveLength(forOne.length);
    const forDeletion = await statementsOf(() => db.agents.deleteMany(ids.slice(0, 1)));
    expect(forDeletion).toHaveLength(onPostgresql ? 8 : 6);
    expect(await statementsOf(() => db.agents.deleteMany(ids.slice(1)))).toEqual(forDeletion);
  });

  test('deleteMany sends as many SQL statements for a hundred successors of deprecated agents as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const ids = Array.from({ length: 101 }, (_, index) => `agent-${index}`);
    const successorOf = (id: string): string => `successor of ${id}`;
    await db.agents.createMany(
      ids.flatMap((id) => [agentInput({ id, certificateId }), agentInput({ id: successorOf(id), certificateId })]),
    );
    for (const id of ids) await db.agents.deprecate(id, { successorId: successorOf(id) });
    const forOne = await statementsOf(() => db.agents.deleteMany(ids.slice(0, 1).map(successorOf)));
    expect(forOne).toHaveLength(onPostgresql ? 7 : 6);
    expect(await statementsOf(() => db.agents.deleteMany(ids.slice(1).map(successorOf)))).toEqual(forOne);
  });

  test('updateWhere and deleteWhere send as many SQL statements for a hundred matching agents as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 101 }, (_, index) =>
      agentInput({
        ...{ certificateId, owner: index === 0 ? 'one' : 'many' },
        ...{ endpoints: richAgent.endpoints.slice(0, 2), capabilities: ['all'], metadata: { two: 2 } },
      }),
    );
    await db.agents.createMany(agents);
    const patch = {
      ...{ name: 'Renamed', certificateId: await createCertificate(db), version: '2.0.0' },
      ...{ endpoints: richAgent.endpoints.slice(0, 1), capabilities: ['new'], metadata: { one: 1 } },
    };
    const forOne = await statementsOf(() => db.agents.updateWhere({ owner: 'one' }, patch, { expect: 1 }));
    // PostgreSQL also repeats the query after it has locked the agents.
    expect(forOne).toHaveLength(onPostgresql ? 20 : 15);
    const forHundred = await statementsOf(() => db.agents.updateWhere({ owner: 'many' }, patch, { expect: 100 }));
    expect(forHundred).toHaveLength(forOne.length);
    const forDeletion = await statementsOf(() => db.agents.deleteWhere({ owner: 'one' }, { expect: 1 }));
    expect(forDeletion).toHaveLength(onPostgresql ? 11 : 7);
    expect(await statementsOf(() => db.agents.deleteWhere({ owner: 'many' }, { expect: 100 }))).toEqual(forDeletion);
  });

  test.each(['id', 'owner-name-version'] as const)(
    'upsertMany by %s sends as many SQL statements for a hundred agents as for one',
    async (by) => {
      const { db, statementsOf } = await openTestDatabase();
      const certificateId = await createCertificate(db);
      const agents = Array.from({ length: 101 }, (_, index) =>
        agentInput({
          id: `a${index}`,
          certificateId,
          name: `n${index}`,
          metadata: { index },
          capabilities: [`c${index}`],
        }),
      );
      const changed = agents.map((agent) => ({ ...agent, metadata: { other: 1 }, capabilities: ['other'] }));
      const counts: Record<string, number> = {};
      for (const [outcome, some] of Object.entries({ created: agents, unchanged: agents, updated: changed })) {
        const upsert = async (part: typeof some): Promise<void> => {
          const results = await db.agents.upsertMany(part, { by });
          expect(new Set(results.map((result) => result.outcome))).toEqual(new Set([outcome]));
        };
        const forOne = await statementsOf(() => upsert(some.slice(0, 1)));
        const forHundred = await statementsOf(() => upsert(some.slice(1)));
        expect(forHundred).toHaveLength(forOne.length);
        counts[outcome] = forOne.length;
      }
      // By name, one statement finds the agents. PostgreSQL also locks agents, names and links of capabilities.
      const [forId, forName] = onPostgresql
        ? [
            { created: 10, unchanged: 2, updated: 14 },
            { created: 11, unchanged: 3, updated: 15 },
          ]
        : [
            { created: 8, unchanged: 1, updated: 11 },
            { created: 8, unchanged: 2, updated: 12 },
          ];
      expect(counts).toEqual(by === 'id' ? forId : forName);
    },
  );

  test('certificates.createMany sends as many SQL statements for a hundred certificates as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificates = Array.from({ length: 101 }, (_, index) => certificateInput({ metadata: { index } }));
    const forOne = await statementsOf(() => db.certificates.createMany(certificates.slice(0, 1)));
    expect(forOne).toHaveLength(5);
    expect(await statementsOf(() => db.certificates.createMany(certificates.slice(1)))).toEqual(forOne);
  });

  test('getCertificate, getCertificateByFingerprint and querySecurityEvents send one SQL statement', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const id = await createCertificate(db, { fingerprint: 'AA:BB', metadata: { one: 1, two: 2 } });
    expect(await statementsOf(() => db.getCertificate(id))).toHaveLength(1);
    expect(await statementsOf(() => db.getCertificateByFingerprint('aabb'))).toHaveLength(1);
    expect(await statementsOf(() => db.querySecurityEvents({}))).toHaveLength(1);
  });
});

import type { AgentRecord } from '../../src';
import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawRows, rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

const endpoint = { id: 'main', protocol: 'https', address: 'a', port: 443 };

describe('agents', () => {
  test('D1: what to order by cannot be SQL', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db);
    for (const orderBy of ['id; DELETE FROM agents', 'id DESC, (SELECT 1)', 'rowid', '1', 'a.id', '"id"']) {
      const query = () => callUntyped(database.db, 'queryAgents', { orderBy });
      expect((await expectRefused(database, 'INVALID_INPUT', query)).field).toBe('orderBy');
    }
  });

  test('D3: records of one moment are in a total order, so that pages never repeat or lose one', async () => {
    const { db } = await openTestDatabase({ now: () => 0 });
    const certificateId = await createCertificate(db);
    for (const id of ['c', 'A', 'b', '😀', '\uFFFD']) await createAgent(db, { id, certificateId });
    const pages = [];
    for (let offset = 0; offset < 5; offset += 1) pages.push(...(await db.queryAgents({ limit: 1, offset })));
    expect(pages.map(({ id }) => id)).toEqual(['A', 'b', 'c', '\uFFFD', '😀']);
  });

  test('D8: the filter by all capabilities works wherever it stands in the query', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { capabilities: ['a', 'b'], owner: 'o', version: '1.0.0' });
    await createAgent(db, { capabilities: ['a', 'b'], owner: 'p', version: '1.0.0' });
    const first = {
      allCapabilities: true,
      capabilities: ['b', 'a'],
      owner: 'o',
      version: '^1.0.0',
      includeExpired: false,
    };
    const last = {
      includeExpired: false,
      version: '^1.0.0',
      owner: 'o',
      capabilities: ['a', 'b'],
      allCapabilities: true,
    };
    for (const query of [first, last]) expect(await db.queryAgents(query)).toMatchObject([{ id }]);
  });

  test('D9: an empty owner shows nobody’s agents', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db);
    expect(await db.queryAgents({ owner: '' })).toEqual([]);
    await expectError('INVALID_INPUT', () => callUntyped(db, 'queryAgents', { owner: null }));
  });

  test('D11: an agent is read as it was at one moment, never half before and half after a change', async () => {
    const { db, options } = await openTestDatabase();
    const other = await openTestDatabase({ url: options.url });
    const versionOf = (version: string) => ({
      version,
      description: version,
      endpoints: [{ ...endpoint, address: version }],
      capabilities: [version],
      metadata: { version },
    });
    const id = await createAgent(db, versionOf('0'));
    const reads: Promise<AgentRecord | null>[] = [];
    for (let round = 1; round <= 50; round += 1) {
      reads.push(other.db.getAgent(id), db.getAgent(id));
      const update = db.updateAgent({ id, ...versionOf(String(round)) });
      reads.push(db.queryAgents({ id }).then(([agent]) => agent ?? null));
      await update;
    }
    for (const agent of await Promise.all(reads)) {
      expect(agent).toMatchObject(versionOf(agent?.version ?? 'none'));
    }
  });

  test('D12: an agent whose second endpoint is wrong is not there at all', async () => {
    const database = await openTestDatabase();
    const certificateId = await createCertificate(database.db);
    const endpoints = [endpoint, { ...endpoint, id: 'second', port: 0 }];
    const create = () => database.db.createAgent(agentInput({ id: 'half', certificateId, endpoints }));
    expect((await expectRefused(database, 'INVALID_INPUT', create)).field).toBe('endpoints[1].port');
    expect(await database.db.getAgent('half')).toBeNull();
  });

  test('D21: the time 0 is a time, and an invalid one is refused, not replaced', async () => {
    const database = await openTestDatabase();
    const certificateId = await createCertificate(database.db);
    const id = await createAgent(database.db, { certificateId, expiresAt: new Date(0) });
    expect((await database.db.getAgent(id))?.expiresAt).toEqual(new Date(0));
    const create = () => database.db.createAgent(agentInput({ certificateId, expiresAt: new Date(NaN) }));
    expect((await expectRefused(database, 'INVALID_INPUT', create)).field).toBe('expiresAt');
    const update = () => database.db.updateAgent({ id, expiresAt: new Date(NaN) });
    await expectRefused(database, 'INVALID_INPUT', update);
    await database.db.updateAgent({ id, expiresAt: new Date(0) });
    expect((await database.db.getAgent(id))?.expiresAt).toEqual(new Date(0));
  });

  test('D23: an update with a few fields leaves all others as they are', async () => {
    const { db } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(agent);
    await db.updateAgent({ id: agent.id, status: 'ACTIVE' });
    const after = await db.getAgent(agent.id);
    expect(after).toStrictEqual({ ...agent, status: 'ACTIVE', updatedAt: after?.updatedAt });
  });

  test('D24: an agent that is read, changed and written keeps its default endpoint', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { endpoints: [endpoint], defaultEndpoint: 'main' });
    const agent = await db.getAgent(id);
    if (agent === null) throw new Error('unreachable');
    await db.updateAgent({ ...agent, description: 'changed' });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(agent.defaultEndpoint);
  });

  test('D25: a default endpoint never dangles', async () => {
    const database = await openTestDatabase();
    const id = await createAgent(database.db, { endpoints: [endpoint], defaultEndpoint: 'main' });
    await database.db.updateAgent({ id, endpoints: [] });
    expect(await rawRows(database, 'agents')).toMatchObject([{ default_endpoint_id: null }]);
    await database.db.updateAgent({ id, endpoints: [endpoint] });
    expect(await database.db.getAgent(id)).not.toHaveProperty('defaultEndpoint');
  });

  test('D29: capabilities that many agents bring at the same time cause no failure and no duplicate', async () => {
    const database = await openTestDatabase();
    const other = await openTestDatabase({ url: database.options.url });
    const certificateId = await createCertificate(database.db);
    const calls = Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? database : other).db.createAgent(
        agentInput({ certificateId, capabilities: ['x', `y${index % 4}`] }),
      ),
    );
    await Promise.all(calls);
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['x', 'y0', 'y1', 'y2', 'y3']);
  });

  test('D36: of several that delete one agent at the same time exactly one did', async () => {
    const { db, options } = await openTestDatabase();
    const other = await openTestDatabase({ url: options.url });
    const id = await createAgent(db);
    const answers = await Promise.all([db, other.db, db, other.db].map((each) => each.deleteAgent(id)));
    expect(answers.filter((answer) => answer)).toHaveLength(1);
  });

  test('D37: agents whose time has come can be left out', async () => {
    const { db } = await openTestDatabase({ now: () => 1000 });
    await createAgent(db, { expiresAt: new Date(1000) });
    expect(await db.queryAgents({ status: ['ACTIVE'], includeExpired: false })).toEqual([]);
    expect(await db.queryAgents({ status: ['ACTIVE'] })).toHaveLength(1);
  });

  test('D46: columns that hold nothing are absent from the record, not null', async () => {
    const { db } = await openTestDatabase();
    const agent = await db.getAgent(await createAgent(db, { endpoints: [endpoint] }));
    expect(JSON.stringify(agent)).not.toContain('null');
    expect(Object.entries(agent ?? {}).map(([, value]: [string, unknown]) => value)).not.toContain(undefined);
    expect(
      Object.entries(agent?.endpoints[0]?.health ?? {}).map(([, value]: [string, unknown]) => value),
    ).not.toContain(undefined);
  });

  test('D28: no value is stored as the text of another', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { metadata: { number: 1, text: '1', none: null, object: { b: 1, a: '2' } } });
    const values = (await rawRows(database, 'agent_metadata')).map(({ key, value }) => [key, value]);
    expect(values).toEqual([
      ['none', 'null'],
      ['number', '1'],
      ['object', '{"a":"2","b":1}'],
      ['text', '"1"'],
    ]);
  });
});

import type { UpdateResult } from '../../src';
import { agentIds, agentInput, createAgent, createAgents, createCertificate, wholeAgent } from '../support/factories';
import { newsOf } from '../certificates/feed';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawCounts, rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

function outcomes(results: readonly UpdateResult[]): unknown[] {
  return results.map((result) => (result.ok ? result.changed : result.error.code));
}

describe('agents.updateMany', () => {
  test('updateMany changes every field of several agents as update does', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const other = await createCertificate(db);
    for (const id of ['a', 'b', 'x', 'y']) await createAgent(db, wholeAgent({ id, certificateId }));
    const health = { status: 'HEALTHY', lastChecked: new Date(5) } as const;
    const changed = {
      ...{ name: 'Other', publicKey: 'KEY', certificateId: other, version: '2.0.0', owner: 'other' },
      endpoints: [{ id: 'new', protocol: 'wss', address: 'host', port: 1, health }],
      ...{ capabilities: ['search', 'sing'], metadata: { tags: ['b'], more: 1 }, description: null },
      ...({ createdAt: new Date(1), expiresAt: new Date(2), status: 'ACTIVE' } as const),
    } as const;
    const kept = { defaultEndpoint: 'main', status: 'DEPRECATED' } as const;
    const results = await db.agents.updateMany([{ id: 'a', ...changed }, { id: 'b', ...kept }]); // prettier-ignore
    expect(results).toEqual(['a', 'b'].map((id) => ({ ok: true, id, changed: true })));
    await db.agents.update({ id: 'x', ...changed });
    await db.agents.update({ id: 'y', ...kept });
    const [a, b, x, y] = await db.agents.getMany(['a', 'b', 'x', 'y']);
    expect(a).toEqual({ ...x, id: 'a', updatedAt: expect.any(Date) as Date });
    expect(b).toEqual({ ...y, id: 'b', updatedAt: expect.any(Date) as Date });
    expect(a?.defaultEndpoint).toBeUndefined();
  });

  test('updateMany keeps or replaces the deprecation and the version order of agents as update does', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, ['a', 'b', 'c']);
    for (const id of ['a', 'b']) await db.agents.deprecate(id, { reason: 'old', successorId: 'c' });
    await db.agents.updateMany([{ id: 'a', status: 'ACTIVE' }, { id: 'b', description: 'x' }, { id: 'c', version: 'next' }]); // prettier-ignore
    const [a, b] = await db.agents.getMany(['a', 'b']);
    expect(a).not.toHaveProperty('deprecation');
    expect(b?.deprecation).toMatchObject({ reason: 'old', successorId: 'c' });
    expect((await db.agents.query({ version: '^1.0.0', orderBy: 'id' })).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('updateMany returns changed: false for an agent that does not exist', async () => {
    const { db } = await openTestDatabase();
    expect(await db.agents.updateMany([])).toEqual([]);
    const results = await db.agents.updateMany([{ id: 'none', capabilities: ['lost'] }]);
    expect(results).toEqual([{ ok: true, id: 'none', changed: false }]);
  });

  test('updateMany makes several changes of the same agent, one after the other', async () => {
    const { db } = await openTestDatabase({ now: () => 1000 });
    const endpoints = [{ id: 'e', protocol: 'p', address: 'h', port: 1 }];
    const id = await createAgent(db, { updatedAt: new Date(1), endpoints });
    await db.agents.updateMany([
      { id, version: '2.0.0', defaultEndpoint: 'e', capabilities: ['one', 'two'] },
      { id, name: 'Renamed', capabilities: ['two', 'three'] },
      { id, status: 'REVOKED', endpoints: [] },
    ]);
    const agent = await db.getAgent(id);
    const capabilities = ['three', 'two'];
    expect(agent).toMatchObject({ version: '2.0.0', name: 'Renamed', status: 'REVOKED', capabilities });
    expect(agent?.defaultEndpoint).toBeUndefined();
    expect(agent?.updatedAt).toEqual(new Date(1002));
    const changes = await db.changes();
    expect(changes.filter(({ kind }) => kind === 'UPDATED').map((change) => change.id)).toEqual([id, id, id]);
  });

  test('updateMany deletes capabilities that no agent has any more', async () => {
    const { db, ...database } = await openTestDatabase();
    await createAgents(db, ['a', 'b', 'c'], (id) => ({
      capabilities: ['all', `own-${id}`, id === 'c' ? 'other' : 'pair'],
    }));
    await db.agents.updateMany([{ id: 'a', capabilities: ['all', 'new'] }, { id: 'b', capabilities: ['own-c'] }]); // prettier-ignore
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['all', 'new', 'other', 'own-c']);
    await db.agents.updateMany([{ id: 'c', capabilities: ['own-a'] }, { id: 'a', capabilities: ['own-a', 'other'] }]); // prettier-ignore
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['other', 'own-a', 'own-c']);
  });

  test('updateMany gives an agent the unique name of another agent only after an earlier update renames that agent', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const unique = { unique: 'name-version' } as const;
    for (const id of ['a', 'b']) await db.agents.create(agentInput({ id, certificateId, name: id }), unique);
    await createAgent(db, { id: 'c', certificateId, name: 'c' });
    const rename = async (names: Record<string, string>) => {
      const updates = Object.entries(names).map(([id, name]) => ({ id, name }));
      return outcomes(await db.agents.updateMany(updates, { onError: 'collect' }));
    };
    expect(await rename({ a: 'b', b: 'free', c: 'a' })).toEqual(['ALREADY_EXISTS', true, 'ALREADY_EXISTS']);
    await db.agents.update({ id: 'b', name: 'b' });
    expect(await rename({ a: 'a2', c: 'a' })).toEqual([true, true]);
    expect((await db.agents.getMany(['a', 'b', 'c'])).map((agent) => agent?.name)).toEqual(['a2', 'b', 'a']);
    // The agent `c` does not hold its name, so that another agent may have it, too.
    await createAgent(db, { certificateId, name: 'a' });
  });

  test('updateMany throws the first error with its index and changes nothing when onError is abort', async () => {
    const { db, ...database } = await openTestDatabase();
    const id = await createAgent(db, { id: 'a' });
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      db.agents.updateMany([{ id }, { id, name: '' }]),
    );
    expect(error).toMatchObject({ field: 'updates[1].name', operation: 'agents.updateMany' });
    const second = await expectRefused(database, 'REFERENCE_NOT_FOUND', () =>
      db.agents.updateMany([{ id, version: '2' }, { id, certificateId: 'none' }, { id: '' }]),
    );
    expect(second).toMatchObject({ entity: 'certificate', field: 'updates[1].certificateId' });
  });

  test('updateMany makes the valid updates and returns an error for each refused update when onError is collect', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, ['a', 'b', 'c', 'd']);
    const revoked = await createCertificate(db, { status: 'REVOKED' });
    await db.agents.setStatus('d', 'REVOKED');
    const updates = [
      { id: 'a', certificateId: revoked },
      { id: 'b', certificateId: 'none' },
      { id: 'c', defaultEndpoint: 'none' },
      { id: 'd', status: 'ACTIVE', defaultEndpoint: 'none' },
      { id: 'a', version: '2.0.0' },
      { id: 'b', unknown: 1 },
      { id: 'a\0', version: '3' },
      5,
    ];
    const collect = { onError: 'collect' };
    const results = (await callUntyped(db.agents, 'updateMany', updates, collect)) as UpdateResult[];
    expect(outcomes(results)).toEqual([
      ...['INVALID_TRANSITION', 'REFERENCE_NOT_FOUND', 'INVALID_INPUT', 'INVALID_TRANSITION'],
      ...[true, 'INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT'],
    ]);
    const error = { field: 'certificateId', operation: 'agents.update' };
    expect(results[1]).toMatchObject({ ok: false, id: 'b', error });
    expect(await db.agents.count({ version: '2.0.0', not: { certificateStatus: ['REVOKED'] } })).toBe(1);
    await db.agents.updateMany([{ id: 'a', certificateId: revoked }], { allowRevokedCertificate: true });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: revoked });
  });

  test('updateMany changes several batches of agents and reports its progress', async () => {
    const { db } = await openTestDatabase();
    const ids = await createAgents(db, agentIds(600), (id) => ({ capabilities: [id, 'all'] }));
    for (const onError of ['abort', 'collect'] as const) {
      const progress: number[] = [];
      const updates = ids.map((id) => ({ id, capabilities: ['all', onError], metadata: { id }, version: onError }));
      await db.agents.updateMany(updates, { onError, onProgress: (done) => progress.push(done) });
      expect(progress).toEqual([500, 600]);
      expect(await db.agents.count({ version: onError, capabilities: [onError] })).toBe(600);
    }
  });

  test.each([
    ['an object in place of an array', [{ length: 1 }]],
    ['an unknown option', [[], { unique: 'none' }]],
    ['an unknown onError', [[], { onError: 'ignore' }]],
  ])('updateMany refuses %s', async (_, args) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'updateMany', ...args));
  });
});

describe('agents.deleteMany', () => {
  test('deleteMany deletes agents with their data and returns for each id whether the agent existed', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const id of ['a', 'b', 'c'])
      await createAgent(db, { ...wholeAgent({ id, certificateId }), capabilities: ['all', id] });
    expect(await db.agents.deleteMany([])).toEqual([]);
    expect(await db.agents.deleteMany(['a', 'none', 'b', 'a'])).toEqual([true, false, true, false]);
    const counts = { agents: 1, capabilities: 2, agent_capabilities: 2, endpoints: 2 };
    expect(await rawCounts(database)).toMatchObject(counts);
    const changes = await db.changes();
    expect(changes.filter(({ kind }) => kind === 'DELETED').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('deleteMany deletes several batches of agents', async () => {
    const database = await openTestDatabase();
    const ids = await createAgents(database.db, agentIds(600), (id) => ({ capabilities: [id, 'all'] }));
    const results = await database.db.agents.deleteMany([...ids, ...ids]);
    expect(results).toEqual([...ids.map(() => true), ...ids.map(() => false)]);
    expect(await rawCounts(database)).toMatchObject({ agents: 0, capabilities: 0, agent_capabilities: 0 });
  });

  test('deleteMany removes successors from deprecated agents, as single deletions do', async () => {
    const { db, ...database } = await openTestDatabase();
    await createAgents(db, ['a', 'b', 'c', 'd', 'e', 'f']);
    for (const [id, successorId] of Object.entries({ a: 'b', c: 'b', e: 'd', f: 'a' })) {
      await db.agents.deprecate(id, { successorId });
    }
    const news = await newsOf(database, () => db.agents.deleteMany(['e', 'b', 'd', 'a']));
    expect(news.map((text) => text.replace('AGENT ', ''))).toEqual([
      ...['e DELETED', 'b DELETED', 'a UPDATED', 'c UPDATED', 'd DELETED', 'a DELETED', 'f UPDATED'],
    ]);
    const kept = await db.agents.query({ orderBy: 'id' });
    expect(kept.map(({ id }) => id)).toEqual(['c', 'f']);
    for (const { deprecation } of kept) expect(deprecation?.successorId).toBeUndefined();
  });

  test('deleteMany fails on an invalid id, names this id, and deletes nothing', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'a' });
    const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.agents.deleteMany(['a', '']));
    expect(error).toMatchObject({ field: 'ids[1]' });
  });
});

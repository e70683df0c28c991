import type { UpdateResult } from '../../src';
import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { newsOf } from '../certificates/feed';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

function outcomes(results: readonly UpdateResult[]): unknown[] {
  return results.map((result) => (result.ok ? result.changed : result.error.code));
}

describe('agents.updateMany', () => {
  test('changes every field of many agents as update does', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const other = await createCertificate(db);
    for (const id of ['a', 'b', 'x', 'y']) await createAgent(db, wholeAgent({ id, certificateId }));
    const changed = {
      ...{ name: 'Other', publicKey: 'KEY', certificateId: other, version: '2.0.0', owner: 'other' },
      endpoints: [
        {
          id: 'new',
          protocol: 'wss',
          address: 'host',
          port: 1,
          health: { status: 'HEALTHY', lastChecked: new Date(5) },
        },
      ],
      ...{ capabilities: ['search', 'sing'], metadata: { tags: ['b'], more: 1 }, description: null },
      ...({ createdAt: new Date(1), expiresAt: new Date(2), status: 'ACTIVE' } as const),
    } as const;
    const kept = { defaultEndpoint: 'main', status: 'DEPRECATED' } as const;
    expect(
      await db.agents.updateMany([
        { id: 'a', ...changed },
        { id: 'b', ...kept },
      ]),
    ).toEqual([
      { ok: true, id: 'a', changed: true },
      { ok: true, id: 'b', changed: true },
    ]);
    await db.agents.update({ id: 'x', ...changed });
    await db.agents.update({ id: 'y', ...kept });
    const [a, b, x, y] = await db.agents.getMany(['a', 'b', 'x', 'y']);
    expect(a).toEqual({ ...x, id: 'a', updatedAt: expect.any(Date) as Date });
    expect(b).toEqual({ ...y, id: 'b', updatedAt: expect.any(Date) as Date });
    expect(a?.defaultEndpoint).toBeUndefined();
  });

  test('keeps or replaces the deprecation and the sort key of the version as update does', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const id of ['a', 'b', 'c']) await createAgent(db, { id, certificateId, version: '1.0.0' });
    for (const id of ['a', 'b']) await db.agents.deprecate(id, { reason: 'old', successorId: 'c' });
    await db.agents.updateMany([{ id: 'a', status: 'ACTIVE' }, { id: 'b', description: 'x' }, { id: 'c', version: 'next' }]); // prettier-ignore
    const [a, b] = await db.agents.getMany(['a', 'b']);
    expect(a).not.toHaveProperty('deprecation');
    expect(b?.deprecation).toMatchObject({ reason: 'old', successorId: 'c' });
    expect((await db.agents.query({ version: '^1.0.0', orderBy: 'id' })).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('returns changed: false for an agent that does not exist', async () => {
    const { db } = await openTestDatabase();
    expect(await db.agents.updateMany([])).toEqual([]);
    expect(await db.agents.updateMany([{ id: 'none', capabilities: ['lost'] }])).toEqual([
      { ok: true, id: 'none', changed: false },
    ]);
  });

  test('changes an agent several times, one after the other', async () => {
    const { db } = await openTestDatabase({ now: () => 1000 });
    const id = await createAgent(db, {
      updatedAt: new Date(1),
      endpoints: [{ id: 'e', protocol: 'p', address: 'h', port: 1 }],
    });
    await db.agents.updateMany([
      { id, version: '2.0.0', defaultEndpoint: 'e', capabilities: ['one', 'two'] },
      { id, name: 'Renamed', capabilities: ['two', 'three'] },
      { id, status: 'REVOKED', endpoints: [] },
    ]);
    const agent = await db.getAgent(id);
    expect(agent).toMatchObject({
      version: '2.0.0',
      name: 'Renamed',
      status: 'REVOKED',
      capabilities: ['three', 'two'],
    });
    expect(agent?.defaultEndpoint).toBeUndefined();
    expect(agent?.updatedAt).toEqual(new Date(1002));
    const changes = await db.changes();
    expect(changes.filter(({ kind }) => kind === 'UPDATED').map((change) => change.id)).toEqual([id, id, id]);
  });

  test('removes the capabilities that no agent has any more', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    for (const id of ['a', 'b', 'c']) {
      await createAgent(db, {
        id,
        certificateId,
        capabilities: ['all', `own-${id}`, 'ab'.includes(id) ? 'pair' : 'other'],
      });
    }
    await db.agents.updateMany([
      { id: 'a', capabilities: ['all', 'new'] },
      { id: 'b', capabilities: ['own-c'] },
    ]);
    expect(await rawCounts(database)).toMatchObject({ capabilities: 4, agent_capabilities: 6 });
    await db.agents.updateMany([
      { id: 'c', capabilities: ['own-a'] },
      { id: 'a', capabilities: ['own-a', 'other'] },
    ]);
    expect((await db.agents.getMany(['a', 'b', 'c'])).map((agent) => agent?.capabilities)).toEqual([
      ['other', 'own-a'],
      ['own-c'],
      ['own-a'],
    ]);
    expect(await rawCounts(database)).toMatchObject({ capabilities: 3, agent_capabilities: 4 });
  });

  test('gives an agent the unique name of another agent only after an earlier update has released it', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const unique = { unique: 'name-version' } as const;
    for (const id of ['a', 'b']) await db.agents.create(agentInput({ id, certificateId, name: id }), unique);
    await createAgent(db, { id: 'c', certificateId, name: 'c' });
    const swap = [
      { id: 'a', name: 'b' },
      { id: 'b', name: 'free' },
      { id: 'c', name: 'a' },
    ];
    const refused = await db.agents.updateMany(swap, { onError: 'collect' });
    expect(outcomes(refused)).toEqual(['ALREADY_EXISTS', true, 'ALREADY_EXISTS']);
    await db.agents.update({ id: 'b', name: 'b' });
    const swapped = await db.agents.updateMany(
      [
        { id: 'a', name: 'a2' },
        { id: 'c', name: 'a' },
        { id: 'b', owner: 'other' },
      ],
      { onError: 'collect' },
    );
    expect(outcomes(swapped)).toEqual([true, true, true]);
    expect((await db.agents.getMany(['a', 'b', 'c'])).map((agent) => agent?.name)).toEqual(['a2', 'b', 'a']);
    // The new holder of nothing lets others use its name.
    await createAgent(db, { certificateId, name: 'a' });
  });

  test('throws the first error with its index and changes nothing when onError is abort', async () => {
    const database = await openTestDatabase();
    const { db } = database;
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

  test('makes the valid updates and returns an error for each refused update when onError is collect', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const revoked = await createCertificate(db, { status: 'REVOKED' });
    for (const id of ['a', 'b', 'c', 'd']) await createAgent(db, { id, certificateId });
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
    expect(results[1]).toMatchObject({
      ok: false,
      id: 'b',
      error: { field: 'certificateId', operation: 'agents.update' },
    });
    expect(await db.getAgent('a')).toMatchObject({ version: '2.0.0', certificateId });
    await db.agents.updateMany([{ id: 'a', certificateId: revoked }], { allowRevokedCertificate: true });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: revoked });
  });

  test('changes more agents than fit into one batch and reports its progress', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const ids = Array.from({ length: 600 }, (_, index) => `agent-${index}`);
    await db.agents.createMany(ids.map((id) => agentInput({ id, certificateId, capabilities: [id, 'all'] })));
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
  ])('refuses %s', async (_, args) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'updateMany', ...args));
  });
});

describe('agents.deleteMany', () => {
  test('deletes agents with all that belongs to them and reports which existed', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    for (const id of ['a', 'b', 'c'])
      await createAgent(db, { ...wholeAgent({ id, certificateId }), capabilities: ['all', id] });
    expect(await db.agents.deleteMany([])).toEqual([]);
    expect(await db.agents.deleteMany(['a', 'none', 'b', 'a'])).toEqual([true, false, true, false]);
    expect(await rawCounts(database)).toMatchObject({
      agents: 1,
      capabilities: 2,
      agent_capabilities: 2,
      endpoints: 2,
    });
    const changes = await db.changes();
    expect(changes.filter(({ kind }) => kind === 'DELETED').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('deletes more agents than fit into one batch', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const ids = Array.from({ length: 600 }, (_, index) => `agent-${index}`);
    await db.agents.createMany(ids.map((id) => agentInput({ id, certificateId, capabilities: [id, 'all'] })));
    const results = await db.agents.deleteMany([...ids, ...ids]);
    expect(results).toEqual([...ids.map(() => true), ...ids.map(() => false)]);
    expect(await rawCounts(database)).toMatchObject({ agents: 0, capabilities: 0, agent_capabilities: 0 });
  });

  test('clears the successor of deprecated agents as deletions one after the other do', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const id of ids) await createAgent(db, { id, certificateId });
    for (const [id, successorId] of [['a', 'b'], ['c', 'b'], ['e', 'd'], ['f', 'a']] as const) await db.agents.deprecate(id, { successorId }); // prettier-ignore
    const news = await newsOf(database, () => db.agents.deleteMany(['e', 'b', 'd', 'a']));
    expect(news.map((text) => text.replace('AGENT ', ''))).toEqual([
      ...['e DELETED', 'b DELETED', 'a UPDATED', 'c UPDATED', 'd DELETED', 'a DELETED', 'f UPDATED'],
    ]);
    expect(
      (await db.agents.query({ orderBy: 'id' })).map(({ id, deprecation }) => [id, deprecation?.successorId]),
    ).toEqual([
      ['c', undefined],
      ['f', undefined],
    ]);
  });

  test('names an invalid id and deletes nothing', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'a' });
    const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.agents.deleteMany(['a', '']));
    expect(error).toMatchObject({ field: 'ids[1]' });
  });
});

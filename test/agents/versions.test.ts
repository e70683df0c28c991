import type { AgentInput, DatabaseService, ResolutionQuery, VersionsRequest } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

const now = Date.parse('2026-05-01T00:00:00Z');
const dayMs = 24 * 60 * 60 * 1000;

async function open(agents: readonly Partial<AgentInput>[] = []): Promise<DatabaseService> {
  const { db } = await openTestDatabase({ now: () => now });
  const certificateId = await createCertificate(db, {
    id: 'valid',
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + dayMs),
  });
  const named = agents.map((agent) => agentInput({ certificateId, name: 'tool', owner: 'acme', ...agent }));
  await db.agents.createMany(named, { allowRevokedCertificate: true });
  return db;
}

const at = (version: string, fields: Partial<AgentInput> = {}): Partial<AgentInput> => ({
  id: version,
  version,
  ...fields,
});

describe('agents.versions', () => {
  test('agents.versions returns agents of every status, from the highest semantic version to versions that are not semantic', async () => {
    const db = await open([
      at('nightly', { status: 'SUSPENDED' }),
      at('1.9.0', { status: 'REVOKED' }),
      at('1.10.0', { status: 'EXPIRED', expiresAt: new Date(now - 1) }),
      at('2.0.0-rc.1'),
      at('beta'),
      at('1.10.0-rc', { owner: 'other' }),
      at('3.0.0', { name: 'Tool' }),
    ]);
    const versions = await db.agents.versions({ name: 'tool' });
    expect(versions.map(({ version }) => version)).toEqual([
      ...['2.0.0-rc.1', '1.10.0', '1.10.0-rc', '1.9.0', 'beta', 'nightly'],
    ]);
    expect(versions.map(({ status }) => status)).toEqual([
      ...['ACTIVE', 'EXPIRED', 'ACTIVE', 'REVOKED', 'ACTIVE', 'SUSPENDED'],
    ]);
    const ofOwner = await db.agents.versions({ name: 'tool', owner: 'other' });
    expect(ofOwner).toStrictEqual([
      { id: '1.10.0-rc', owner: 'other', version: '1.10.0-rc', status: 'ACTIVE', createdAt: new Date(now) },
    ]);
  });

  test('agents.versions returns the deprecation of each version', async () => {
    const db = await open([at('1.0.0'), at('2.0.0')]);
    await db.agents.deprecate('1.0.0', { reason: 'old', successorId: '2.0.0' });
    const [second, first] = await db.agents.versions({ name: 'tool', owner: 'acme' });
    expect(second).not.toHaveProperty('deprecation');
    expect(first?.deprecation).toStrictEqual({ at: new Date(now), reason: 'old', successorId: '2.0.0' });
  });

  test('agents.versions sorts equal versions by id', async () => {
    const db = await open(['c', 'a', 'b'].map((id) => ({ id, version: '1.0.0', owner: `owner-${id}` })));
    const versions = await db.agents.versions({ name: 'tool' });
    expect(versions.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('agents.versions returns an empty array for an unknown name or owner', async () => {
    const db = await open([at('1.0.0')]);
    expect(await db.agents.versions({ name: 'TOOL' })).toEqual([]);
    expect(await db.agents.versions({ name: 'tool', owner: 'nobody' })).toEqual([]);
    for (const request of [{ name: '' }, { name: 'tool', owner: '' }, {}, { name: 'tool', limit: 1 }, undefined]) {
      await expectError('INVALID_INPUT', () => db.agents.versions(request as VersionsRequest));
    }
  });

  test('agents.versions fails with RESULT_TOO_LARGE instead of omitting versions', async () => {
    const { db } = await openTestDatabase({ maxResults: 2 });
    for (const version of ['1.0.0', '2.0.0']) await createAgent(db, { name: 'tool', version });
    expect(await db.agents.versions({ name: 'tool' })).toHaveLength(2);
    await createAgent(db, { name: 'tool', version: '3.0.0' });
    await expectError('RESULT_TOO_LARGE', () => db.agents.versions({ name: 'tool' }));
  });
});

describe('latest versions', () => {
  const found = async (db: DatabaseService, query: ResolutionQuery = {}): Promise<string[]> => {
    const agents = await db.queryAgents({ orderBy: 'id', ...query, latest: true });
    return agents.map(({ id }) => id);
  };

  test('a query with latest finds the highest release of each owner and name', async () => {
    const db = await open([
      ...[at('1.9.0'), at('1.10.0'), at('2.0.0-rc.1'), at('nightly')],
      ...[at('0.1.0', { owner: 'other' }), at('0.2.0-rc', { name: 'pre' }), at('0.2.0-beta', { name: 'pre' })],
      ...[at('a', { name: 'odd', updatedAt: new Date(now - 1) }), at('b', { name: 'odd' }), at('c', { name: 'odd' })],
    ]);
    expect(await found(db)).toEqual(['0.1.0', '0.2.0-rc', '1.10.0', 'b']);
    expect(await found(db, { owner: 'other' })).toEqual(['0.1.0']);
    expect(await found(db, { name: 'PRE' })).toEqual(['0.2.0-rc']);
  });

  test('a query with latest finds the agent that resolve chooses', async () => {
    const db = await open([at('1.0.0'), at('1.0.0+build', { updatedAt: new Date(now + 5) }), at('1.1.0-rc')]);
    const result = await db.resolve({ name: 'tool' });
    expect(await found(db)).toEqual(['1.0.0+build']);
    expect(result).toMatchObject({ outcome: 'resolved', agent: { id: '1.0.0+build' } });
  });

  test('a query with latest omits deprecated and unusable versions', async () => {
    const db = await open([
      at('1.0.0'),
      ...(['SUSPENDED', 'REVOKED', 'EXPIRED', 'DEPRECATED'] as const).map((status, place) =>
        at(`2.0.${place}`, { status }),
      ),
      at('3.0.0', { expiresAt: new Date(now) }),
    ]);
    const spoiled = [
      { id: 'revoked', status: 'REVOKED' },
      { id: 'ended', notAfter: new Date(now) },
      { id: 'later', notBefore: new Date(now + 1), notAfter: new Date(now + 2) },
    ] as const;
    for (const { id, ...fields } of spoiled) {
      const certificateId = await createCertificate(db, { id, notBefore: new Date(now - 2 * dayMs), ...fields });
      const agent = agentInput({ certificateId, name: 'tool', owner: 'acme', version: '4.0.0' });
      await db.createAgent(agent, { allowRevokedCertificate: true });
    }
    expect(await found(db)).toEqual(['1.0.0']);
    await db.agents.deprecate('1.0.0');
    expect(await found(db)).toEqual([]);
  });

  test('a query with latest applies its other filters only to the latest versions', async () => {
    const db = await open([
      at('1.0.0', { capabilities: ['read', 'write'] }),
      at('2.0.0', { capabilities: ['read'] }),
      at('1.5.0', { name: 'other', capabilities: ['write'] }),
    ]);
    expect(await found(db, { capabilities: ['read'] })).toEqual(['2.0.0']);
    expect(await found(db, { capabilities: ['write'] })).toEqual(['1.5.0']);
    expect(await found(db, { version: '<2' })).toEqual(['1.5.0']);
    expect(await found(db, { id: '1.0.0' })).toEqual([]);
    expect(await found(db, { status: ['DEPRECATED'] })).toEqual([]);
  });

  test('agents.count, agents.page and agents.iterate accept the filter latest, also inside a transaction', async () => {
    const db = await open(
      ['a', 'b', 'c', 'd'].flatMap((name) =>
        ['1.0.0', '2.0.0'].map((version) => ({ id: name + version, name, version })),
      ),
    );
    await db.transaction(async (tx) => {
      await tx.agents.setStatus('b2.0.0', 'SUSPENDED');
      expect(await tx.agents.count({ latest: true })).toBe(4);
      const first = await tx.agents.page({ latest: true, orderBy: 'name' }, { size: 3 });
      expect(first.items.map(({ id }) => id)).toEqual(['a2.0.0', 'b1.0.0', 'c2.0.0']);
      const rest = await tx.agents.page({ latest: true, orderBy: 'name' }, { size: 3, after: first.nextCursor });
      expect(rest.items.map(({ id }) => id)).toEqual(['d2.0.0']);
      const walked: string[] = [];
      for await (const { id } of tx.agents.iterate({ latest: true, ids: ['a2.0.0', 'b2.0.0'] })) walked.push(id);
      expect(walked).toEqual(['a2.0.0']);
    });
  });

  test('a query fails with INVALID_INPUT when latest is false or any value except true', async () => {
    const db = await open();
    for (const latest of [false, null, 1, 'true']) {
      await expect(callUntyped(db.agents, 'count', { latest })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        field: 'latest',
      });
    }
  });
});

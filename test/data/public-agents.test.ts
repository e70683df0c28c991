import type { AgentInput, AgentRecord, Metadata } from '../../src';
import { createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { describeWithSharedData, readSharedData, toAgentInput, type PublicAgent } from '../support/shared-data';
import { shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-11-22T00:00:00.000Z');
const thirtyDaysMs = 30 * 24 * 60 * 60 * 1000;

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Returns the expected record of an agent that was registered at `now`. */
function toRecord(input: AgentInput & { id: string }): AgentRecord {
  const health = { status: 'UNKNOWN', lastChecked: new Date(now) } as const;
  return {
    id: input.id,
    name: input.name,
    publicKey: input.publicKey,
    certificateId: input.certificateId,
    endpoints: (input.endpoints ?? []).map(({ id = '', protocol, address, port, metadata = {} }) => {
      return { id, protocol, address, port, health, metadata };
    }),
    capabilities: [...new Set(input.capabilities)].sort(byCodePoint),
    version: input.version,
    ...(input.description === undefined ? {} : { description: input.description }),
    metadata: input.metadata ?? {},
    createdAt: new Date(now),
    updatedAt: new Date(now),
    expiresAt: new Date(now + thirtyDaysMs),
    status: 'ACTIVE',
    owner: input.owner,
  };
}

describeWithSharedData('published agents', () => {
  const certificateId = 'shared-certificate';
  let inputs: (AgentInput & { id: string })[] = [];
  let records: AgentRecord[] = [];

  const shared = shareTestDatabase({ now: () => now }, async ({ db }) => {
    await createCertificate(db, { id: certificateId });
    inputs = readSharedData<PublicAgent>('agents').map((agent, index) => toAgentInput(agent, index, certificateId));
    records = inputs.map(toRecord);
    await db.agents.createMany(inputs);
  });

  function idsWhere(condition: (record: AgentRecord) => boolean): string[] {
    return records.filter(condition).map(({ id }) => id);
  }

  test('queryAgents, getAgent and iterate return 4,367 published agents unchanged and in order', async () => {
    expect(inputs).toHaveLength(4367);
    expect(await shared().db.queryAgents({ orderBy: 'id' })).toStrictEqual(records);
    for (const record of records.filter((_, index) => index % 20 === 0)) {
      expect(await shared().db.getAgent(record.id)).toStrictEqual(record);
    }
  });

  test('agents.page returns 4,367 published agents in the order of their names', async () => {
    const names: string[] = [];
    for (let offset = 0; offset < records.length; offset += 1000) {
      const page = await shared().db.queryAgents({ orderBy: 'name', limit: 1000, offset });
      names.push(...page.map(({ name }) => name));
    }
    expect(names).toEqual(records.map(({ name }) => name).sort(byCodePoint));
  });

  test.each(['mcp', 'Server', '@', '_', '%', 'ü', '助手'])(
    'queryAgents finds published agents by the part %s of their name',
    async (name) => {
      const found = await shared().db.queryAgents({ name, orderBy: 'id' });
      expect(found.map(({ id }) => id)).toEqual(
        idsWhere((record) => record.name.toLowerCase().includes(name.toLowerCase())),
      );
    },
  );

  test('queryAgents finds published agents by owner, protocol, capability and metadata', async () => {
    const { db } = shared();
    const idsOf = async (query: object) => (await db.queryAgents({ orderBy: 'id', ...query })).map(({ id }) => id);
    expect(await idsOf({ owner: 'ai.exa' })).toEqual(idsWhere(({ owner }) => owner === 'ai.exa'));
    expect(await idsOf({ protocol: 'a2a' })).toEqual(
      idsWhere(({ endpoints }) => endpoints.some(({ protocol }) => protocol === 'a2a')),
    );
    expect(await idsOf({ capabilities: ['search'] })).toEqual(
      idsWhere(({ capabilities }) => capabilities.includes('search')),
    );
    const metadata: Metadata = { source: 'docker-mcp-registry' };
    expect(await idsOf({ metadata })).toEqual(idsWhere((record) => record.metadata['source'] === metadata['source']));
    expect(await idsOf({ metadata })).toHaveLength(172);
  });

  test('published agents with an empty name or version are refused', async () => {
    const invalid = readSharedData<PublicAgent>('agents-invalid');
    expect(invalid).toHaveLength(4);
    for (const agent of invalid) {
      const create = () => shared().db.createAgent({ ...toAgentInput(agent, 0, certificateId), id: 'invalid' });
      expect(['name', 'version']).toContain((await expectError('INVALID_INPUT', create)).field);
    }
    expect(await shared().db.getAgent('invalid')).toBeNull();
  });
});

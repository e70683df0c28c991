import { createCertificate } from '../support/factories';
import { describeWithSharedData, readSharedData, toAgentInput, type PublicAgent } from '../support/shared-data';
import { openTestDatabase } from '../support/test-database';

describeWithSharedData('resolve without a version', () => {
  test('resolve without a version chooses the latest version of the public registry for all 180 names', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = readSharedData<PublicAgent>('agents').filter(({ source }) => source === 'mcp-registry-snapshot');
    const latest = new Map<string, string[]>();
    const counts = new Map<string, number>();
    for (const { name, version = '', metadata } of agents) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (metadata['isLatest'] === true) latest.set(name, [...(latest.get(name) ?? []), version]);
    }
    const inputs = agents.map(
      (agent, index) => ({ ...toAgentInput(agent, index, certificateId), status: 'ACTIVE' }) as const,
    );
    await db.agents.createMany(inputs);
    const names = [...latest].filter(([name]) => (counts.get(name) ?? 0) > 1);
    expect(names).toHaveLength(180);
    const results = await db.resolveMany(names.map(([name]) => ({ name, allowUnhealthy: true })));
    const wrong = names.filter(([, versions], index) => {
      const result = results[index];
      return result?.outcome !== 'resolved' || !versions.includes(result.agent.version);
    });
    expect(wrong).toEqual([]);
  });
});

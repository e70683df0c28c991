import type { Build } from '../builds';
import type { Contender } from '../contender';
import { nowMs } from '../data';

/** Opens a database through a build of this package, as an application does. */
export async function openBuild({ DatabaseService }: Build, location: string): Promise<Contender> {
  const url = location.startsWith('postgresql:') ? location : `file:${location}`;
  const db = new DatabaseService({ url, now: () => nowMs });
  await db.initialize();
  let cursor: string | undefined;
  return {
    getAgent: (id) => db.getAgent(id),
    searchAgents: (name, capabilities, limit) => db.queryAgents({ name, capabilities, limit }),
    agentsWithAll: (capabilities, limit) => db.queryAgents({ capabilities, allCapabilities: true, limit }),
    agentsByFingerprint: (fingerprint) => db.queryAgents({ fingerprint }),
    agentsOfOwner: (owner, limit) => db.queryAgents({ owner, limit }),
    agentsAtOffset: (offset, limit) => db.queryAgents({ offset, limit }),
    nextPage: async (isFirst, size) => {
      const after = isFirst || cursor === undefined ? undefined : { after: cursor };
      const page = await db.agents.page({}, { ...after, size });
      cursor = page.nextCursor;
      return page.items;
    },
    createAgent: (agent) => db.createAgent(agent),
    createAgents: async (agents) => {
      await db.agents.createMany(agents);
    },
    updateAgent: (agent) => db.updateAgent(agent),
    updateAgents: async (agents) => {
      await db.agents.updateMany(agents);
    },
    recordEvent: (event) => db.recordSecurityEvent(event),
    transact: (agents, event) =>
      db.transaction(async (tx) => {
        for (const agent of agents) await tx.createAgent(agent);
        await tx.recordSecurityEvent(event);
      }),
    queryEvents: (from, to, severities, limit) => db.querySecurityEvents({ from, to, severities, limit }),
    getCertificateByFingerprint: (fingerprint) => db.getCertificateByFingerprint(fingerprint),
    resolve: ({ major, capability, ...request }) =>
      db.resolve({ ...request, version: `^${major}`, capabilities: [capability] }),
    facets: (capability) =>
      db.agents.facets({ capabilities: [capability] }, [
        { by: 'owner', limit: 10 },
        { by: 'protocol' },
        { by: { metadata: 'region' } },
      ]),
    close: () => db.close(),
  };
}

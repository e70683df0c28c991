// As it is shipped: compiled once, not on the way.
import { DatabaseService } from 'ans-database';
import type { Contender } from '../contender';
import { nowMs } from '../data';

/** This package, as an application uses it. */
export async function openPackage(path: string): Promise<Contender> {
  const db = new DatabaseService({ url: `file:${path}`, now: () => nowMs });
  await db.initialize();
  return {
    getAgent: (id) => db.getAgent(id),
    searchAgents: (name, capabilities, limit) => db.queryAgents({ name, capabilities, limit }),
    ableAgents: (capabilities, limit) => db.queryAgents({ capabilities, allCapabilities: true, limit }),
    agentsByFingerprint: (fingerprint) => db.queryAgents({ fingerprint }),
    agentsOfOwner: (owner, limit) => db.queryAgents({ owner, limit }),
    createAgent: (agent) => db.createAgent(agent),
    updateAgent: (agent) => db.updateAgent(agent),
    recordEvent: (event) => db.recordSecurityEvent(event),
    queryEvents: (from, to, severities, limit) => db.querySecurityEvents({ from, to, severities, limit }),
    getCertificateByFingerprint: (fingerprint) => db.getCertificateByFingerprint(fingerprint),
    close: () => db.close(),
  };
}

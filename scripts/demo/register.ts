import { isDatabaseError, type AgentInput, type CertificateInput, type DatabaseService } from '../../src';
import { demoAgents, type DemoAgent } from './agents';
import { demoEvents } from './events';
import { readRootCertificates } from './root-certificates';

/** Number of new records of a kind, and of those from an earlier run. */
export interface Tally {
  added: number;
  alreadyThere: number;
}

/** Records that the demo uses after the registration. */
export interface Registered {
  readonly certificates: Tally;
  readonly agents: Tally;
  readonly events: Tally;
  /** The certificate that the agents of each owner present. */
  readonly certificateOf: ReadonlyMap<string, CertificateInput>;
}

const dayMs = 86_400_000;

/** Registers all records of the demo in one transaction. Existing records are not changed. */
export function registerAll(db: DatabaseService, now: Date): Promise<Registered> {
  const roots = readRootCertificates(now);
  const certificateOf = assignCertificates(roots);
  return db.transaction(async (tx) => {
    const certificates = await addEach(roots, (certificate) => tx.createCertificate(certificate));
    const agents = await addEach(demoAgents, async (agent) => {
      const certificate = certificateOf.get(agent.owner);
      const stored = await tx.getCertificateByFingerprint(certificate?.fingerprint ?? '');
      // Under the id that it got when it was stored, by an earlier run perhaps.
      return tx.createAgent(toAgentInput(agent, stored?.id ?? '', certificate?.publicKey ?? '', now));
    });
    const events = await addEach(demoEvents, ({ minutesAgo, ...event }) =>
      tx.recordSecurityEvent({ ...event, timestamp: new Date(now.getTime() - minutesAgo * 60_000) }),
    );
    return { certificates, agents, events, certificateOf };
  });
}

// A demo has no authority that would issue certificates: each owner's agents present one of the roots in their stead.
function assignCertificates(roots: readonly CertificateInput[]): Map<string, CertificateInput> {
  const usable = roots.filter(({ status }) => status === 'VALID');
  const owners = [...new Set(demoAgents.map(({ owner }) => owner))];
  return new Map(
    owners.flatMap((owner, index) => usable.slice(index, index + 1).map((root) => [owner, root] as const)),
  );
}

function toAgentInput(agent: DemoAgent, certificateId: string, publicKey: string, now: Date): AgentInput {
  const { expiresInDays = 365, ...fields } = agent;
  return { ...fields, certificateId, publicKey, expiresAt: new Date(now.getTime() + expiresInDays * dayMs) };
}

async function addEach<T>(records: readonly T[], add: (record: T) => Promise<unknown>): Promise<Tally> {
  const tally: Tally = { added: 0, alreadyThere: 0 };
  for (const record of records) {
    try {
      await add(record);
      tally.added += 1;
    } catch (error) {
      if (!isDatabaseError(error) || error.code !== 'ALREADY_EXISTS') throw error;
      tally.alreadyThere += 1;
    }
  }
  return tally;
}

import { isDatabaseError, type DatabaseService } from '../../src';
import type { DemoData } from './data';

/** Numbers of records of one kind: those that this run has added, and those that already existed. */
interface Tally {
  added: number;
  existing: number;
}

export type Tallies = Readonly<Record<'certificates' | 'agents' | 'events', Tally>>;

/** Registers all records of the demo in one transaction. Existing records are not changed. */
export function registerAll(db: DatabaseService, { owners, events }: DemoData): Promise<Tallies> {
  return db.transaction(async (tx) => {
    const certificates = await countEach(owners, ({ certificate }) => tx.createCertificate(certificate));
    const agents = await countEach(
      owners.flatMap((owner) => owner.agents.map((agent) => ({ ...owner, agent }))),
      async ({ owner, certificate: { fingerprint, publicKey }, agent }) => {
        // An earlier run, or an import, may have stored the certificate under another id.
        const stored = await tx.getCertificateByFingerprint(fingerprint);
        return tx.createAgent({ ...agent, owner, publicKey, certificateId: stored?.id ?? '' });
      },
    );
    return { certificates, agents, events: await countEach(events, (event) => tx.recordSecurityEvent(event)) };
  });
}

async function countEach<T>(records: readonly T[], create: (record: T) => Promise<unknown>): Promise<Tally> {
  const tally: Tally = { added: 0, existing: 0 };
  for (const record of records) {
    try {
      await create(record);
      tally.added += 1;
    } catch (error) {
      if (!isDatabaseError(error) || error.code !== 'ALREADY_EXISTS') throw error;
      tally.existing += 1;
    }
  }
  return tally;
}

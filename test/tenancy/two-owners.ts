import type { OwnerScope } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { allRawRows, type LocatedDatabase } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Stores `own` (agent and certificate) of the owner `own`, the same of the owner `other`, and a shared certificate. */
export async function openTwoOwners(): Promise<TestDatabase & { readonly scope: OwnerScope }> {
  const database = await openTestDatabase();
  const { db } = database;
  for (const owner of ['own', 'other']) {
    await db.register({
      certificate: certificateInput({ id: `c-${owner}`, fingerprint: owner === 'own' ? 'AA' : 'BB' }),
      agent: { ...agentInput({ id: owner, certificateId: `c-${owner}`, owner, name: 'planner' }), endpoints: [main] },
    });
  }
  await db.createCertificate(certificateInput({ id: 'shared', fingerprint: 'CC' }));
  for (const owner of ['own', 'other']) {
    await db.createAgent(agentInput({ id: `${owner}-shared`, owner, certificateId: 'shared' }));
  }
  await db.createCertificate(certificateInput({ id: 'unheld', fingerprint: 'DD' }));
  return { ...database, scope: db.forOwner('own') };
}

const main = { id: 'main', protocol: 'https', address: 'https://a.example', port: 443 };

/** Expects that `work` changes no record. */
export async function expectNoChange(database: LocatedDatabase, work: () => Promise<unknown>): Promise<void> {
  const before = await allRawRows(database);
  await work();
  expect(await allRawRows(database)).toEqual(before);
}

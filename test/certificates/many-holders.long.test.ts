import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

// SQLite changes the agents that hold a certificate in parts of 2,000.
const count = 4500;

/** Creates a certificate that many agents of three owners hold. Two owners have more than one part of them. */
async function openWithHolders() {
  const { db } = await openTestDatabase({ maxResults: 2 * count });
  const certificateId = await createCertificate(db);
  const ownerOf = (place: number) => (place % 1000 === 999 ? 'b' : place % 2 === 0 ? 'a' : 'c');
  const agents = Array.from({ length: count }, (_, place) => agentInput({ certificateId, owner: ownerOf(place) }));
  const ids = (await db.agents.createMany(agents)).map(({ id }) => String(id)).sort();
  return { db, certificateId, ids };
}

describe('a certificate with many agents', () => {
  test('certificates.rotate replaces a certificate in all agents of several owners', async () => {
    const { db, certificateId } = await openWithHolders();
    const newId = await db.certificates.rotate(certificateId, certificateInput({ fingerprint: 'AB' }));
    expect(await db.agents.count({ fingerprint: 'AB' })).toBe(count);
    expect((await db.agents.query({ fingerprint: 'AB', limit: 1 }))[0]?.certificateId).toBe(newId);
  });

  test.each(['suspend', 'revoke'] as const)(
    'certificates.revoke changes all agents of several owners that hold the certificate: %s',
    async (agents) => {
      const { db, certificateId, ids } = await openWithHolders();
      const outcome = await db.certificates.revoke(certificateId, { reason: 'superseded', agents });
      expect(outcome).toEqual({ revoked: true, agents: ids });
      expect(await db.agents.count({ status: [agents === 'suspend' ? 'SUSPENDED' : 'REVOKED'] })).toBe(count);
    },
  );
});

import { certificateInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test('certificates.expiring returns 2,000 certificates, and certificates.expireDue expires all of them', async () => {
  const count = 2000;
  let now = 0;
  const { db, statementsOf } = await openTestDatabase({ now: () => now, maxResults: 5000 });
  await db.transaction(async (tx) => {
    for (let index = 0; index < count; index += 1) {
      const times = { notBefore: new Date(0), notAfter: new Date(1 + index) };
      await tx.createCertificate(certificateInput({ ...times, fingerprint: `${index}`, metadata: { index } }));
    }
  });
  const found = await db.certificates.expiring(count);
  expect(found.map(({ metadata }) => metadata['index'])).toEqual(Array.from({ length: count }, (_, index) => index));
  now = count;
  const statements = await statementsOf(async () => expect(await db.certificates.expireDue()).toBe(count));
  // Each batch of 250 takes two statements: the update and the change entries. The last update finds no certificate.
  expect(statements).toHaveLength(17);
  expect(await db.certificates.query({ status: ['EXPIRED'] })).toHaveLength(count);
});

import { openTestDatabase } from '../support/test-database';

const day = 86_400_000;
const now = Date.parse('2026-06-01T12:00:00.000Z');

describe('Of thousands of certificates', () => {
  test('expiring is not limited by how many parameters a statement takes', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const count = 2500;
    await db.transaction(async (tx) => {
      for (let index = 0; index < count; index += 1) {
        await tx.createCertificate({
          subject: '',
          issuer: '',
          notBefore: new Date(0),
          notAfter: new Date(now + 1 + index),
          publicKey: 'PEM',
          certificate: 'PEM',
          fingerprint: `${index}`,
          metadata: { index },
        });
      }
    });
    const found = await db.certificates.expiring(day);
    expect(found.map(({ metadata }) => metadata['index'])).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test('expireDue goes on batch by batch until all are done', async () => {
    const database = await openTestDatabase({ now: () => now, maxResults: 5000 });
    const { db, statementsOf } = database;
    const count = 2000;
    await db.transaction(async (tx) => {
      for (let index = 0; index < count; index += 1) {
        const texts = { subject: '', issuer: '', publicKey: 'PEM', certificate: 'PEM', fingerprint: `${index}` };
        await tx.createCertificate({ ...texts, notBefore: new Date(0), notAfter: new Date(index) });
      }
    });
    const statements = await statementsOf(async () => expect(await db.certificates.expireDue()).toBe(count));
    // Each batch of 250 is one, and one for the feed; the last finds none.
    expect(statements).toHaveLength(17);
    expect(await db.certificates.query({ status: ['EXPIRED'] })).toHaveLength(count);
  });
});

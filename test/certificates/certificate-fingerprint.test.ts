import { certificateInput, createCertificate } from '../support/factories';
import { expectError, expectRefused } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

describe('getCertificateByFingerprint', () => {
  test('Get certificate with valid fingerprint returns correct certificate', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { fingerprint: 'AA:BB:01', metadata: { a: 1 } });
    await createCertificate(db, { fingerprint: 'AA:BB:02' });
    expect(await db.getCertificateByFingerprint('AA:BB:01')).toStrictEqual(await db.getCertificate(id));
  });

  test('Get certificate with non-existent fingerprint returns null', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { fingerprint: 'AA:BB:01' });
    for (const other of ['AA:BB', 'AA:BB:011', 'AABB0', '%', ':']) {
      expect(await db.getCertificateByFingerprint(other)).toBeNull();
    }
  });

  test('refuses an empty fingerprint, as getCertificate refuses an empty id', async () => {
    const { db } = await openTestDatabase();
    const refusals = [() => db.getCertificateByFingerprint(''), () => db.certificates.getByFingerprint('')];
    for (const refused of refusals) {
      expect(await expectError('INVALID_INPUT', refused)).toMatchObject({ field: 'fingerprint' });
    }
  });

  test.each(['AA:BB:0C', 'aa:bb:0c', 'AABB0C', 'aabb0c', 'aAb:B0:c', ':AA:BB:0C:'])(
    'finds AA:BB:0C by %s and gives it back as it was written',
    async (writing) => {
      const { db } = await openTestDatabase();
      await createCertificate(db, { fingerprint: 'AA:BB:0C' });
      expect(await db.getCertificateByFingerprint(writing)).toMatchObject({ fingerprint: 'AA:BB:0C' });
    },
  );
});

describe('a fingerprint', () => {
  test.each(['aa:bb:0c', 'AABB0C', 'aabb0c', ':aa:bb:0c'])(
    'is taken when AA:BB:0C is, although written as %s',
    async (fingerprint) => {
      const database = await openTestDatabase();
      await createCertificate(database.db, { fingerprint: 'AA:BB:0C' });
      const create = () => database.db.createCertificate(certificateInput({ fingerprint }));
      const error = await expectRefused(database, 'ALREADY_EXISTS', create);
      expect(error).toMatchObject({ entity: 'certificate', field: 'fingerprint' });
    },
  );

  test('differs when a space or a dash does', async () => {
    const { db } = await openTestDatabase();
    for (const fingerprint of ['AA:BB', 'AA BB', 'AA-BB', ' AABB']) await createCertificate(db, { fingerprint });
    expect(await db.getCertificateByFingerprint('aa-bb')).toMatchObject({ fingerprint: 'AA-BB' });
  });

  test('is stored once when two writers bring it at the same time', async () => {
    const { db } = await openTestDatabase();
    const writings = ['AA:BB', 'aa:bb', 'AABB', 'aabb'];
    const outcomes = await Promise.allSettled(
      writings.map((fingerprint) => db.createCertificate(certificateInput({ fingerprint }))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    }
  });
});

import type { CertificateStatus } from '../../src';
import { createAgent, createCertificate } from '../support/factories';
import { expectRefused } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const statuses: readonly CertificateStatus[] = ['VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED'];
const transitions = statuses.flatMap((from) => statuses.map((to) => [from, to] as const));

describe('updateCertificateStatus', () => {
  test('Update certificate status with valid ID succeeds', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { metadata: { a: 1 } });
    const other = await createCertificate(db);
    const before = await db.getCertificate(id);
    expect(await db.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
    expect(await db.getCertificate(id)).toStrictEqual({ ...before, status: 'SUSPENDED' });
    expect(await db.getCertificate(other)).toMatchObject({ status: 'VALID' });
  });

  test('Update certificate status with non-existent ID fails', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'known' });
    const before = await allRawRows(database);
    for (const status of statuses) expect(await database.db.updateCertificateStatus('unknown', status)).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });

  test.each(transitions.filter(([from]) => from !== 'REVOKED'))('%s may become %s', async (from, to) => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { status: from });
    expect(await db.updateCertificateStatus(id, to)).toBe(true);
    expect((await db.getCertificate(id))?.status).toBe(to);
  });

  test.each(statuses.filter((to) => to !== 'REVOKED'))('REVOKED never becomes %s', async (to) => {
    const database = await openTestDatabase();
    const id = await createCertificate(database.db, { status: 'REVOKED' });
    const update = () => database.db.updateCertificateStatus(id, to);
    const error = await expectRefused(database, 'INVALID_TRANSITION', update);
    expect(error).toMatchObject({ entity: 'certificate', field: 'status', operation: 'certificates.updateStatus' });
  });

  test('REVOKED to REVOKED changes nothing and answers true', async () => {
    let time = now;
    const database = await openTestDatabase({ now: () => time });
    const { db } = database;
    const id = await createCertificate(db);
    await db.updateCertificateStatus(id, 'REVOKED');
    const before = await allRawRows(database);
    time += 1000;
    expect(await db.updateCertificateStatus(id, 'REVOKED')).toBe(true);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('a change is told by the feed; what changes nothing is not', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'c' });
    const news = await newsOf(database, async () => {
      expect(await db.updateCertificateStatus('c', 'VALID')).toBe(true);
      expect(await db.updateCertificateStatus('unknown', 'VALID')).toBe(false);
      expect(await db.updateCertificateStatus('c', 'REVOKED')).toBe(true);
      expect(await db.updateCertificateStatus('c', 'REVOKED')).toBe(true);
      await expect(db.updateCertificateStatus('c', 'VALID')).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
    });
    expect(news).toEqual(['CERTIFICATE c UPDATED']);
  });

  test('revoking sets revokedAt to now', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const id = await createCertificate(db);
    await db.updateCertificateStatus(id, 'REVOKED');
    expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', revokedAt: new Date(now) });
  });

  test('a certificate that an agent holds may be revoked, and the agent stays as it is', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agentId = await createAgent(db, { certificateId });
    const before = await db.getAgent(agentId);
    await db.updateCertificateStatus(certificateId, 'REVOKED');
    expect(await db.getAgent(agentId)).toStrictEqual(before);
  });

  test('works inside a transaction, and is rolled back with it', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db);
    const failing = db.transaction(async (tx) => {
      expect(await tx.updateCertificateStatus(id, 'REVOKED')).toBe(true);
      expect(await tx.getCertificate(id)).toMatchObject({ status: 'REVOKED' });
      throw new RangeError('enough');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await db.getCertificate(id)).toMatchObject({ status: 'VALID' });
    await db.transaction((tx) => tx.certificates.updateStatus(id, 'EXPIRED'));
    expect(await db.getCertificate(id)).toMatchObject({ status: 'EXPIRED' });
  });

  test('a revocation is never lost, whatever runs at the same time', async () => {
    const { db } = await openTestDatabase();
    for (let round = 0; round < 10; round += 1) {
      const id = await createCertificate(db);
      const others = (['EXPIRED', 'SUSPENDED', 'VALID', 'EXPIRED'] as const).map((to) =>
        db.updateCertificateStatus(id, to),
      );
      const revocation = db.updateCertificateStatus(id, 'REVOKED');
      await Promise.allSettled([...others, db.updateCertificateStatus(id, 'EXPIRED')]);
      expect(await revocation).toBe(true);
      expect((await db.getCertificate(id))?.status).toBe('REVOKED');
    }
  });
});

import { DatabaseService, type AgentStatus } from '../../src';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { expectError, expectRefused } from '../support/expect-error';
import { allRawRows, rawRows } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const statuses: readonly AgentStatus[] = ['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED', 'REVOKED'];

describe('delete of a certificate', () => {
  test('removes it with its metadata, and tells the feed', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'c', metadata: { a: 1 } });
    await createCertificate(db, { id: 'other', metadata: { a: 1 } });
    const news = await newsOf(database, async () => expect(await db.certificates.delete('c')).toBe(true));
    expect(news).toEqual(['CERTIFICATE c DELETED']);
    expect(await db.getCertificate('c')).toBeNull();
    expect(await rawRows(database, 'certificate_metadata')).toMatchObject([{ certificate_id: 'other' }]);
    expect(await db.certificates.delete('c')).toBe(false);
  });

  test('answers false for a certificate that is not there, and changes nothing', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'known' });
    const before = await allRawRows(database);
    expect(await database.db.certificates.delete('Known')).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });

  test.each(statuses)('is STILL_REFERENCED while an agent that is %s holds it', async (status) => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'c', metadata: { a: 1 } });
    const agentId = await createAgent(db, { certificateId: 'c', status });
    const error = await expectRefused(database, 'STILL_REFERENCED', () => db.certificates.delete('c'));
    expect(error).toMatchObject({ entity: 'certificate', operation: 'certificates.delete', retryable: false });
    expect(error.message).toBe('Failed to delete certificate: an agent still refers to the certificate');
    await db.deleteAgent(agentId);
    expect(await db.certificates.delete('c')).toBe(true);
  });

  test('takes the link to it from the certificates that it has succeeded, which stay', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'new' });
    await createCertificate(db, { id: 'b', status: 'REVOKED' });
    await createCertificate(db, { id: 'a' });
    await changeRaw(database, "UPDATE certificates SET replaced_by = 'new' WHERE id IN ('a', 'b')");
    const { replacedBy, ...before } = (await db.getCertificate('a')) ?? {};
    expect(replacedBy).toBe('new');
    const news = await newsOf(database, () => db.certificates.delete('new'));
    expect(news).toEqual(['CERTIFICATE new DELETED', 'CERTIFICATE a UPDATED', 'CERTIFICATE b UPDATED']);
    expect(await db.getCertificate('a')).toStrictEqual(before);
    expect(await db.getCertificate('b')).not.toHaveProperty('replacedBy');
  });

  test('of a certificate that has a successor leaves the successor', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'old' });
    await db.certificates.rotate('old', certificateInput({ id: 'new' }));
    expect(await db.certificates.delete('old')).toBe(true);
    expect(await db.getCertificate('new')).toMatchObject({ id: 'new' });
  });

  test('frees its id and its fingerprint', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'c', fingerprint: 'AA' });
    await db.certificates.delete('c');
    expect(await createCertificate(db, { id: 'c', fingerprint: 'aa' })).toBe('c');
  });

  test('is rolled back with its transaction', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'c', metadata: { a: 1 } });
    const before = await allRawRows(database);
    const failing = database.db.transaction(async (tx) => {
      expect(await tx.certificates.delete('c')).toBe(true);
      expect(await tx.getCertificate('c')).toBeNull();
      throw new RangeError('enough');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await allRawRows(database)).toEqual(before);
  });
});

// On SQLite nobody else writes while a transaction is open.
testOn(
  'postgresql',
  'A deletion in a transaction is STILL_REFERENCED by an agent that is newer than what the transaction sees',
  async () => {
    const { db, options } = await openTestDatabase();
    const other = new DatabaseService(options);
    afterTest(() => other.close());
    await other.initialize();
    await createCertificate(db, { id: 'c' });
    const work = db.transaction(async (tx) => {
      expect(await tx.queryAgents({})).toEqual([]);
      await createAgent(other, { certificateId: 'c' });
      await tx.certificates.delete('c');
    });
    const error = await expectError('STILL_REFERENCED', () => work);
    expect(error).toMatchObject({ entity: 'certificate', operation: 'certificates.delete', retryable: false });
    expect(error.message).toBe('Failed to delete certificate: an agent still refers to the certificate');
  },
);

import type { AgentStatus, Metadata } from '../../src';
import { expectError, expectRefused, expectRolledBack } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { allRawRows, rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db, { id: 'other', metadata: { old: 1 } }));

describe('certificates.setMetadata', () => {
  test.each<Metadata>([
    { same: [true], ключ: null, nested: { b: { c: 0 } } },
    JSON.parse('{"__proto__":{"a":1}}') as Metadata,
    {},
  ])('replaces all metadata with %j and changes nothing else', async (metadata) => {
    const { db } = shared();
    const id = await createCertificate(db, { status: 'REVOKED', metadata: { old: 1, same: { a: 1 } } });
    const before = await db.getCertificate(id);
    const news = await newsOf(shared(), async () => {
      expect(await db.certificates.setMetadata(id, metadata)).toBe(true);
    });
    expect(news).toEqual([`CERTIFICATE ${id} UPDATED`]);
    const after = await db.getCertificate(id);
    expect(after).toStrictEqual({ ...before, metadata });
    expect(Object.keys(after?.metadata ?? {}).sort()).toEqual(Object.keys(metadata).sort());
    const rows = (await rawRows(shared(), 'certificate_metadata')).filter((row) => row['certificate_id'] === id);
    expect(rows).toHaveLength(Object.keys(metadata).length);
    expect((await db.getCertificate('other'))?.metadata).toEqual({ old: 1 });
  });

  test('returns false and writes nothing when the certificate does not exist', async () => {
    const before = await allRawRows(shared());
    expect(await shared().db.certificates.setMetadata('unknown', { a: 1 })).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each([
    ['calls', 40, false],
    ['transactions', 8, true],
  ])('stores the metadata of one of several concurrent %s', async (_, count, inTransaction) => {
    const { db } = shared();
    const id = await createCertificate(db, { metadata: { first: true } });
    await Promise.all(
      Array.from({ length: count }, (_each, n) => {
        const metadata = { n, [`key${n}`]: n, shared: n };
        if (!inTransaction) return db.certificates.setMetadata(id, metadata);
        return db.transaction((tx) => tx.certificates.setMetadata(id, metadata));
      }),
    );
    const { metadata = {} } = (await db.getCertificate(id)) ?? {};
    const n = Number(metadata['n']);
    expect(metadata).toEqual({ n, [`key${n}`]: n, shared: n });
  });

  test('refuses a value that is not JSON', async () => {
    const set = () => shared().db.certificates.setMetadata('other', { a: NaN });
    const error = await expectRefused(shared(), 'INVALID_INPUT', set);
    expect(error).toMatchObject({ field: 'metadata', operation: 'certificates.setMetadata' });
    expect(error.message).toMatch(/^Failed to set certificate metadata: /);
  });
});

describe('certificates.delete', () => {
  const stillReferenced = {
    entity: 'certificate',
    operation: 'certificates.delete',
    retryable: false,
    message: 'Failed to delete certificate: an agent still refers to the certificate',
  };

  test('deletes the certificate with its metadata, and releases its id and its fingerprint', async () => {
    const { db } = shared();
    await createCertificate(db, { id: 'c', fingerprint: 'AA', metadata: { a: 1 } });
    const news = await newsOf(shared(), async () => expect(await db.certificates.delete('c')).toBe(true));
    expect(news).toEqual(['CERTIFICATE c DELETED']);
    expect(await db.getCertificate('c')).toBeNull();
    const owners = (await rawRows(shared(), 'certificate_metadata')).map((row) => row['certificate_id']);
    expect(owners).toContain('other');
    expect(owners).not.toContain('c');
    expect(await createCertificate(db, { id: 'c', fingerprint: 'aa' })).toBe('c');
  });

  test('returns false and writes nothing when the certificate does not exist', async () => {
    const before = await allRawRows(shared());
    expect(await shared().db.certificates.delete('Other')).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each<AgentStatus>(['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED', 'REVOKED'])(
    'fails with STILL_REFERENCED while an agent that is %s holds the certificate',
    async (status) => {
      const { db } = shared();
      const certificateId = await createCertificate(db, { metadata: { a: 1 } });
      const agentId = await createAgent(db, { certificateId, status });
      const error = await expectRefused(shared(), 'STILL_REFERENCED', () => db.certificates.delete(certificateId));
      expect(error).toMatchObject(stillReferenced);
      await db.deleteAgent(agentId);
      expect(await db.certificates.delete(certificateId)).toBe(true);
    },
  );

  test('removes the link to the deleted certificate from the certificates that it replaced', async () => {
    const { db } = shared();
    for (const id of ['new', 'b', 'a']) await createCertificate(db, { id });
    await changeRaw(shared(), "UPDATE certificates SET replaced_by = 'new' WHERE id IN ('a', 'b')");
    const { replacedBy, ...before } = (await db.getCertificate('a')) ?? {};
    expect(replacedBy).toBe('new');
    const news = await newsOf(shared(), () => db.certificates.delete('new'));
    expect(news).toEqual(['CERTIFICATE new DELETED', 'CERTIFICATE a UPDATED', 'CERTIFICATE b UPDATED']);
    expect(await db.getCertificate('a')).toStrictEqual(before);
    expect(await db.getCertificate('b')).not.toHaveProperty('replacedBy');
  });

  test('keeps the successor of the certificate', async () => {
    const { db } = shared();
    const oldId = await createCertificate(db);
    const id = await db.certificates.rotate(oldId, certificateInput());
    expect(await db.certificates.delete(oldId)).toBe(true);
    expect(await db.getCertificate(id)).toMatchObject({ id });
  });

  test('is rolled back with its transaction', async () => {
    await expectRolledBack(shared(), async (tx) => {
      expect(await tx.certificates.delete('other')).toBe(true);
      expect(await tx.getCertificate('other')).toBeNull();
    });
  });

  // On SQLite, no other connection can write while a transaction is open.
  testOn('postgresql', 'fails with STILL_REFERENCED when an agent was created after the snapshot', async () => {
    const { db, options } = shared();
    const other = await openTestDatabase({ url: options.url });
    const certificateId = await createCertificate(db);
    const work = db.transaction(async (tx) => {
      expect(await tx.queryAgents({ owner: 'newer' })).toEqual([]);
      await createAgent(other.db, { certificateId, owner: 'newer' });
      await tx.certificates.delete(certificateId);
    });
    expect(await expectError('STILL_REFERENCED', () => work)).toMatchObject(stillReferenced);
  });
});

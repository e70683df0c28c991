import type { AgentStatus, Metadata, CertificateInput } from '../../src';
import { badCounts } from '../support/bad-values';
import { expectError, expectRefused, callUntyped } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { allRawRows, rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db, { id: 'other', metadata: { old: 1 } }));

describe('certificates.setMetadata', () => {
  test.each<Metadata>([
    { same: [true], ключ: null, nested: { b: { c: 0 } } },
    JSON.parse('{"__proto__":{"a":1}}') as Metadata,
    {},
  ])('certificates.setMetadata replaces all metadata with %j and changes nothing else', async (metadata) => {
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

  test('certificates.setMetadata returns false and writes nothing when the certificate does not exist', async () => {
    const before = await allRawRows(shared());
    expect(await shared().db.certificates.setMetadata('unknown', { a: 1 })).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each([
    ['calls', 40, false],
    ['transactions', 8, true],
  ])(
    'certificates.setMetadata stores the metadata of exactly one of several concurrent %s',
    async (_, count, inTransaction) => {
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
    },
  );

  test('certificates.setMetadata refuses a value that is not JSON', async () => {
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

  test('certificates.delete releases the id and the fingerprint of the certificate and deletes its metadata', async () => {
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

  test('certificates.delete returns false and writes nothing when the certificate does not exist', async () => {
    const before = await allRawRows(shared());
    expect(await shared().db.certificates.delete('Other')).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each<AgentStatus>(['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED', 'REVOKED'])(
    'certificates.delete fails with STILL_REFERENCED while an agent with the status %s holds the certificate',
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

  test('certificates.delete removes the links from predecessors to the deleted certificate', async () => {
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

  test('certificates.delete does not delete the successor of the deleted certificate', async () => {
    const { db } = shared();
    const oldId = await createCertificate(db);
    const id = await db.certificates.rotate(oldId, certificateInput());
    expect(await db.certificates.delete(oldId)).toBe(true);
    expect(await db.getCertificate(id)).toMatchObject({ id });
  });

  // On SQLite, no other connection can write while a transaction is open.
  testOn(
    'postgresql',
    'certificates.delete fails with STILL_REFERENCED when an agent was created after the snapshot of the transaction',
    async () => {
      const { db, options } = shared();
      const other = await openTestDatabase({ url: options.url });
      const certificateId = await createCertificate(db);
      const work = db.transaction(async (tx) => {
        expect(await tx.queryAgents({ owner: 'newer' })).toEqual([]);
        await createAgent(other.db, { certificateId, owner: 'newer' });
        await tx.certificates.delete(certificateId);
      });
      expect(await expectError('STILL_REFERENCED', () => work)).toMatchObject(stillReferenced);
    },
  );
});

const day = 86_400_000;
const now = Date.parse('2026-06-01T12:00:00.007Z');

async function fill({ db }: TestDatabase, certificates: readonly Partial<CertificateInput>[]): Promise<void> {
  for (const certificate of certificates) await createCertificate(db, certificate);
}

describe('certificates.expiring', () => {
  const year1 = new Date(-62_135_596_800_000);
  const odd = JSON.parse('{"__proto__":{"a":[1]},"constructor":1,"\\ufffd":2,"😀":3}') as object;
  const shared = shareTestDatabase({ now: () => now }, (database) =>
    fill(database, [
      { id: 'over', notAfter: new Date(now) },
      { id: 'z', notAfter: new Date(now + 1), status: 'SUSPENDED', metadata: { b: [1, null], a: 'é', A: { x: 0 } } },
      { id: 'Z', notAfter: new Date(now + 1), subject: 'CN=\\"quoted"', createdAt: year1 },
      { id: 'odd', notAfter: new Date(now + 2), metadata: { ...odd } },
      { id: 'day', notAfter: new Date(now + day), notBefore: year1 },
      { id: 'later', notAfter: new Date(now + day + 1) },
      { id: 'never', notAfter: new Date(253_402_300_799_999) },
      { id: 'revoked', notAfter: new Date(now + 5), status: 'REVOKED' },
      { id: 'expired', notAfter: new Date(now + 5), status: 'EXPIRED' },
    ]),
  );

  test.each([
    [0, []],
    [1, ['Z', 'z']],
    [day - 1, ['Z', 'z', 'odd']],
    [day, ['Z', 'z', 'odd', 'day']],
    [Number.MAX_SAFE_INTEGER, ['Z', 'z', 'odd', 'day', 'later', 'never']],
  ])(
    'certificates.expiring returns VALID and SUSPENDED certificates that end within %i ms, soonest first',
    async (withinMs, ids) => {
      const { db } = shared();
      const found = await db.certificates.expiring(withinMs, { consistency: 'primary' });
      expect(found.map(({ id }) => id)).toEqual(ids);
      for (const certificate of found) {
        const same = await db.getCertificate(certificate.id);
        expect(certificate).toStrictEqual(same);
        expect(JSON.stringify(certificate)).toBe(JSON.stringify(same));
      }
    },
  );

  test('certificates.expiring fails with RESULT_TOO_LARGE when more than maxResults certificates expire', async () => {
    const { db } = await openTestDatabase({ maxResults: 2, now: () => now });
    const add = (): Promise<string> => createCertificate(db, { notAfter: new Date(now + 1) });
    await add();
    await add();
    expect(await db.certificates.expiring(1)).toHaveLength(2);
    await add();
    const error = await expectError('RESULT_TOO_LARGE', () => db.certificates.expiring(1));
    expect(error).toMatchObject({ operation: 'certificates.expiring' });
  });

  test.each(badCounts.filter(([kind]) => kind !== '2^53'))(
    'certificates.expiring refuses %s as withinMs',
    async (_, withinMs) => {
      const expiring = () => callUntyped(shared().db.certificates, 'expiring', withinMs);
      const error = await expectRefused(shared(), 'INVALID_INPUT', expiring);
      expect(error).toMatchObject({ field: 'withinMs', operation: 'certificates.expiring' });
      expect(error.message).toMatch(/^Failed to get expiring certificates: /);
    },
  );

  test('certificates.expiring refuses unknown options', async () => {
    const expiring = () => callUntyped(shared().db.certificates, 'expiring', 1, { limit: 1 });
    await expectRefused(shared(), 'INVALID_INPUT', expiring);
  });
});

describe('certificates.expireDue', () => {
  const certificates: readonly Partial<CertificateInput>[] = [
    { id: 'over', notAfter: new Date(now - 1) },
    { id: 'just over', notAfter: new Date(now) },
    { id: 'suspended', notAfter: new Date(0), status: 'SUSPENDED' },
    { id: 'valid', notAfter: new Date(now + 1) },
    { id: 'revoked', notAfter: new Date(0), status: 'REVOKED', revokedAt: new Date(1), revocationReason: 'superseded' },
    { id: 'expired', notAfter: new Date(0), status: 'EXPIRED' },
    { id: 'expired early', notAfter: new Date(now + 1), status: 'EXPIRED' },
  ];
  const due = ['just over', 'over', 'suspended'];

  test('certificates.expireDue sets due VALID and SUSPENDED certificates to EXPIRED, and records each change once', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    await fill(database, certificates);
    const before = await db.certificates.query({ orderBy: 'id' });
    const news = await newsOf(database, async () => expect(await db.certificates.expireDue()).toBe(3));
    expect(news.sort()).toEqual(due.map((id) => `CERTIFICATE ${id} UPDATED`));
    expect(await db.certificates.query({ orderBy: 'id' })).toStrictEqual(
      before.map((certificate) => (due.includes(certificate.id) ? { ...certificate, status: 'EXPIRED' } : certificate)),
    );
    const rows = await allRawRows(database);
    expect(await db.certificates.expireDue()).toBe(0);
    expect(await allRawRows(database)).toEqual(rows);
  });
});

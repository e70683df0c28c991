import type { CreateResult } from '../../src';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

function outcomes(results: readonly CreateResult[]): unknown[] {
  return results.map((result) => (result.ok ? result.id : [result.error.code, result.error.field]));
}

describe('certificates.createMany', () => {
  test('certificates.createMany stores certificates with the same fields as certificates.create', async () => {
    const { db, ...database } = await openTestDatabase({ now: () => 1000 });
    const revoked = { status: 'REVOKED', revocationReason: 'superseded' } as const;
    const inputs = ['b', 'a'].map((id) =>
      certificateInput({ id, metadata: { id, tags: [1] }, serialNumber: id, ...revoked }),
    );
    const news = await newsOf(database, async () => {
      const results = await db.certificates.createMany(inputs);
      expect(results).toEqual(['b', 'a'].map((id) => ({ ok: true, id })));
    });
    expect(news).toEqual(['CERTIFICATE b CREATED', 'CERTIFICATE a CREATED']);
    await db.createCertificate(certificateInput({ ...inputs[0], id: 'c', fingerprint: 'other' }));
    const { fingerprint } = inputs[0] ?? {};
    expect(await db.getCertificate('b')).toEqual({ ...(await db.getCertificate('c')), id: 'b', fingerprint });
  });

  test('certificates.createMany stores several batches of certificates and reports its progress', async () => {
    const { db } = await openTestDatabase();
    expect(await db.certificates.createMany([])).toEqual([]);
    const progress: number[][] = [];
    const inputs = Array.from({ length: 501 }, () => certificateInput({ metadata: { many: true } }));
    const results = await db.certificates.createMany(inputs, { onProgress: (...counts) => progress.push(counts) });
    expect(new Set(outcomes(results)).size).toBe(501);
    expect(progress).toEqual([[500, 501], [501, 501]]); // prettier-ignore
    expect(await db.certificates.query({ metadata: { many: true } })).toHaveLength(501);
  });

  test('certificates.createMany stores the valid certificates and returns an error for each refused certificate when onError is collect', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'taken', fingerprint: 'AA:BB' });
    const results = await db.certificates.createMany(
      [
        certificateInput({ id: 'one' }),
        certificateInput({ id: 'taken', fingerprint: 'aabb' }),
        certificateInput({ id: 'two', fingerprint: 'aabb' }),
        certificateInput({ id: 'one' }),
        certificateInput({ id: 'two', fingerprint: 'cc' }),
        certificateInput({ id: 'three', fingerprint: 'C:C' }),
        certificateInput({ id: 'four', notAfter: new Date(0), notBefore: new Date(1) }),
      ],
      { onError: 'collect' },
    );
    expect(outcomes(results)).toEqual([
      ...['one', ['ALREADY_EXISTS', 'id'], ['ALREADY_EXISTS', 'fingerprint'], ['ALREADY_EXISTS', 'id']],
      ...['two', ['ALREADY_EXISTS', 'fingerprint'], ['INVALID_INPUT', 'notAfter']],
    ]);
  });

  test('certificates.createMany throws the first error with its index and stores nothing when onError is abort', async () => {
    const { db, ...database } = await openTestDatabase();
    await createCertificate(db, { id: 'taken' });
    const error = await expectRefused(database, 'ALREADY_EXISTS', () =>
      db.certificates.createMany([certificateInput(), certificateInput({ id: 'taken' }), certificateInput({ id: '' })]),
    );
    expect(error).toMatchObject({ entity: 'certificate', field: 'certificates[1].id' });
  });

  test('two concurrent calls of certificates.createMany store each certificate once', async () => {
    const { db } = await openTestDatabase();
    const inputs = Array.from({ length: 50 }, (_, index) => certificateInput({ fingerprint: `f${index}` }));
    const all = await Promise.all(
      [inputs, [...inputs].reverse()].map((some) => db.certificates.createMany(some, { onError: 'collect' })),
    );
    expect(all.flat().filter(({ ok }) => ok)).toHaveLength(50);
    expect(await db.certificates.query({})).toHaveLength(50);
  });

  test.each([
    ['an object in place of an array', [{ length: 1 }]],
    ['an unknown option', [[], { unique: 'none' }]],
    ['an unknown onError', [[], { onError: 'ignore' }]],
  ])('certificates.createMany refuses %s', async (_, args) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db.certificates, 'createMany', ...args));
  });
});

import type { Metadata } from '../../src';
import { createCertificate } from '../support/factories';
import { expectRefused } from '../support/expect-error';
import { allRawRows, rawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

describe('setMetadata of a certificate', () => {
  test('replaces all of its metadata and nothing else', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const id = await createCertificate(db, { metadata: { old: 1, same: { a: 1 } } });
    await createCertificate(db, { id: 'other', metadata: { old: 1 } });
    const before = await db.getCertificate(id);
    const metadata = { same: [true], ключ: null, nested: { b: { c: 0 } } };
    expect(await db.certificates.setMetadata(id, metadata)).toBe(true);
    expect(await db.getCertificate(id)).toStrictEqual({ ...before, metadata });
    expect((await db.getCertificate('other'))?.metadata).toEqual({ old: 1 });
  });

  test('with an empty object leaves none', async () => {
    const database = await openTestDatabase();
    const id = await createCertificate(database.db, { metadata: { old: 1 } });
    expect(await database.db.certificates.setMetadata(id, {})).toBe(true);
    expect(await rawRows(database, 'certificate_metadata')).toEqual([]);
  });

  test('keeps the key __proto__', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db);
    await db.certificates.setMetadata(id, JSON.parse('{"__proto__":{"a":1}}') as Metadata);
    expect(JSON.stringify((await db.getCertificate(id))?.metadata)).toBe('{"__proto__":{"a":1}}');
  });

  test('answers false for a certificate that is not there, and leaves nothing', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'known' });
    const before = await allRawRows(database);
    expect(await database.db.certificates.setMetadata('unknown', { a: 1 })).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('is told by the feed', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'c' });
    const news = await newsOf(database, () => database.db.certificates.setMetadata('c', { a: 1 }));
    expect(news).toEqual(['CERTIFICATE c UPDATED']);
  });

  test('works on a revoked certificate: its history goes on', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { status: 'REVOKED' });
    expect(await db.certificates.setMetadata(id, { note: 'x' })).toBe(true);
    expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', metadata: { note: 'x' } });
  });

  test('of many callers at once leaves what one of them has written', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { metadata: { first: true } });
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    await Promise.all(numbers.map((n) => db.certificates.setMetadata(id, { n, [`key${n}`]: n, shared: n })));
    const { metadata = {} } = (await db.getCertificate(id)) ?? {};
    const n = Number(metadata['n']);
    expect(metadata).toEqual({ n, [`key${n}`]: n, shared: n });
  });

  test('of many transactions at once leaves what one of them has written', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db);
    const numbers = Array.from({ length: 8 }, (_, index) => index);
    await Promise.all(
      numbers.map((n) => db.transaction((tx) => tx.certificates.setMetadata(id, { n, [`key${n}`]: n }))),
    );
    const { metadata = {} } = (await db.getCertificate(id)) ?? {};
    const n = Number(metadata['n']);
    expect(metadata).toEqual({ n, [`key${n}`]: n });
  });

  test('refuses what is no metadata, and leaves the old ones', async () => {
    const database = await openTestDatabase();
    const id = await createCertificate(database.db, { metadata: { old: 1 } });
    const set = () => database.db.certificates.setMetadata(id, { a: NaN });
    const error = await expectRefused(database, 'INVALID_INPUT', set);
    expect(error).toMatchObject({ field: 'metadata', operation: 'certificates.setMetadata' });
    expect(error.message).toMatch(/^Failed to set certificate metadata: /);
  });
});

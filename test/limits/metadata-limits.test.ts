import { expectRefused } from '../support/expect-error';
import { createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test('a query by metadata compares long texts completely', async () => {
  const { db } = await openTestDatabase();
  // PostgreSQL indexes only the beginning of a long text.
  const beginning = 'x'.repeat(5000);
  for (const id of ['a', 'b']) {
    const metadata = { text: `${beginning}${id}` };
    await createCertificate(db, { id, metadata });
    await createAgent(db, { id, certificateId: id, metadata });
    await db.events.record(eventInput({ id, metadata }));
  }
  const metadata = { text: `${beginning}b` };
  expect(await db.agents.query({ metadata })).toMatchObject([{ id: 'b' }]);
  expect(await db.certificates.query({ metadata })).toMatchObject([{ id: 'b' }]);
  expect(await db.events.query({ metadata })).toMatchObject([{ id: 'b' }]);
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('agents.mergeMetadata()', () => {
  test('mergeMetadata refuses values that exceed limits.metadataValues or limits.metadataBytes together with the stored ones', async () => {
    const database = await openTestDatabase({ limits: { metadataValues: 20, metadataBytes: 200 } });
    const { agents } = database.db;
    // `kept` has two values, although its JSON text is long enough for more than twenty.
    const kept = ['x'.repeat(60)];
    await createAgent(database.db, { id: 'a', metadata: { kept } });
    const merge = () => agents.mergeMetadata('a', { more: numbers(18) });
    expect(await expectRefused(database, 'INVALID_INPUT', merge)).toMatchObject({ field: 'metadata' });
    expect(await agents.mergeMetadata('a', { more: numbers(17) })).toBe(true);
    expect((await agents.get('a'))?.metadata).toEqual({ kept, more: numbers(17) });
    // The replaced value of `more` does not count any more.
    expect(await agents.mergeMetadata('a', { more: numbers(16), last: 1 })).toBe(true);
    await expectRefused(database, 'INVALID_INPUT', () => agents.mergeMetadata('a', { next: 1 }));
    // 60 characters of `kept` and 150 more exceed limits.metadataBytes.
    const long = { more: ['y'.repeat(150)], last: 1 };
    await expectRefused(database, 'INVALID_INPUT', () => agents.mergeMetadata('a', long));
  });
});

import { createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test('a search for metadata compares long texts to their end', async () => {
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

import { createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Opens a database with two records of each kind: `bad`, which the test makes invalid, and `good`. */
export async function openFilled(): Promise<TestDatabase> {
  const { database, db } = await openTestDatabase({ retry: false });
  for (const id of ['bad', 'good']) {
    await createCertificate(db, { id, metadata: { k: 1 } });
    await createAgent(db, {
      id,
      certificateId: id,
      description: 'text',
      capabilities: [`${id}-capability`],
      metadata: { k: 1 },
      endpoints: [{ id: 'main', protocol: 'https', address: 'a', port: 443, metadata: { k: 1 } }],
    });
    await db.events.record(eventInput({ id, metadata: { k: 1 } }));
  }
  return database;
}

import { agentInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

export const past = new Date('2001-01-01');
const future = new Date('2099-01-01');

/** Opens a database with `count` due agents, due certificates, and old events, and with their changes. */
export async function openDue(count: number): Promise<TestDatabase> {
  const { database, db } = await openTestDatabase();
  for (let index = 0; index < count; index += 1) await createCertificate(db, { id: `c${index}`, notAfter: past });
  const due = { certificateId: 'c0', expiresAt: past };
  await db.agents.createMany(Array.from({ length: count }, (_, index) => agentInput({ id: `a${index}`, ...due })));
  await db.events.recordMany(Array.from({ length: count }, () => eventInput({ timestamp: past })));
  await createAgent(db, { certificateId: 'c0', expiresAt: future });
  await db.recordSecurityEvent(eventInput());
  return database;
}

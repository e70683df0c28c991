import { DatabaseService } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { afterTest, type TestDatabase } from '../support/test-database';

/** Opens a backup like any other database; it is closed after the test. */
export async function openBackup(path: string): Promise<DatabaseService> {
  const db = new DatabaseService({ url: `file:${path}` });
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

/** Some MiB, which take some time to be copied. */
export async function fillLarge({ db }: TestDatabase, mebibytes = 24): Promise<void> {
  const certificateId = await db.createCertificate(certificateInput());
  const description = 'x'.repeat(8000);
  for (let count = 0; count < mebibytes; count += 4) {
    await db.agents.createMany(Array.from({ length: 500 }, () => agentInput({ certificateId, description })));
  }
}

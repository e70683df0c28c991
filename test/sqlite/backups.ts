import { agentInput, certificateInput } from '../support/factories';
import type { TestDatabase } from '../support/test-database';

/** Fills a database with agents of about so many MiB. */
export async function fillLarge({ db }: Pick<TestDatabase, 'db'>, mebibytes = 24): Promise<void> {
  const certificateId = await db.createCertificate(certificateInput());
  const description = 'x'.repeat(8000);
  for (let count = 0; count < mebibytes; count += 4) {
    await db.agents.createMany(Array.from({ length: 500 }, () => agentInput({ certificateId, description })));
  }
}

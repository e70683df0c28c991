import { join } from 'node:path';
import { exportText, importText } from '../move/exporting';
import { describeWithSharedData, readSharedData, toAgentInput, toCertificateInput } from '../support/shared-data';
import type { PublicAgent, PublicCertificate } from '../support/shared-data';
import { newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';

describeWithSharedData('exports', () => {
  test('the export of all public agents equals the export of a database that imported this export', async () => {
    const { db, options } = await openTestDatabase();
    const certificates = readSharedData<PublicCertificate>('certificates').map(toCertificateInput);
    await db.certificates.createMany(certificates);
    const agents = readSharedData<PublicAgent>('agents').map((agent, index) =>
      toAgentInput(agent, index, certificates[index % certificates.length]?.id ?? ''),
    );
    await db.agents.createMany(agents);
    await db.close();
    const text = await exportText(options.url);
    for (const url of [await newDatabaseUrl(), `file:${join(temporaryDirectory(), 'other.sqlite')}`]) {
      expect(await importText(text, url)).toMatchObject({ isSame: true });
      expect((await exportText(url)) === text).toBe(true);
    }
  }, 300_000);
});

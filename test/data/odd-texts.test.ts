import { createAgent, createCertificate, eventInput } from '../support/factories';
import { describeWithSharedData, readSharedData, type PublicText } from '../support/shared-data';
import { openTestDatabase } from '../support/test-database';

describeWithSharedData('793 odd texts that others published', () => {
  let texts: string[] = [];

  beforeAll(() => {
    texts = readSharedData<PublicText>('text').map(({ text }) => text);
  });

  test('come back equal in every text of an agent', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    expect(texts).toHaveLength(793);
    for (const [index, text] of texts.entries()) {
      const endpoint = { id: text, protocol: text, address: text, port: 1, metadata: { [text]: text } };
      const fields = { name: text, owner: text, description: text, version: text, metadata: { [text]: [text] } };
      const id = await createAgent(db, { id: `${index} ${text}`, certificateId, ...fields, endpoints: [endpoint] });
      expect(await db.getAgent(id)).toMatchObject({ id, ...fields, endpoints: [endpoint] });
    }
  });

  test('are found by the exact name, and by a part of it', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const [index, name] of texts.entries()) await createAgent(db, { id: String(index), name, certificateId });
    for (const [index, name] of texts.entries()) {
      const exact = (await db.queryAgents({ exactName: name })).map(({ id }) => id);
      const part = (await db.queryAgents({ name: name.slice(0, 40).toWellFormed() })).map(({ id }) => id);
      expect(exact).toContain(String(index));
      if (name.slice(0, 40).isWellFormed()) expect(part).toContain(String(index));
    }
  });

  test('come back equal as the capabilities of one agent', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { capabilities: texts });
    const sorted = [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await db.getAgent(id))?.capabilities).toEqual(sorted);
    const wanted = texts.slice(0, 50);
    expect(await db.queryAgents({ capabilities: wanted, allCapabilities: true })).toHaveLength(1);
  });

  test('come back equal in security events and certificates', async () => {
    const { db } = await openTestDatabase();
    for (const [index, text] of texts.entries()) {
      const fields = { source: text, target: text, description: text, eventType: text, metadata: { [text]: text } };
      const id = await db.recordSecurityEvent(eventInput({ id: `${index} ${text}`, ...fields }));
      expect(await db.querySecurityEvents({ ids: [id], source: text, eventTypes: [text] })).toMatchObject([fields]);
      const certificateId = await createCertificate(db, { subject: text, issuer: text, metadata: { [text]: text } });
      expect(await db.getCertificate(certificateId)).toMatchObject({ subject: text, issuer: text });
    }
  });
});

import { indexable, onPostgresql } from '../support/engine';
import { createAgent, createCertificate, eventInput } from '../support/factories';
import { describeWithSharedData, readSharedData, type PublicText } from '../support/shared-data';
import { openTestDatabase } from '../support/test-database';

/** The longest text has 9,809 characters; its id has a few more. */
const limits = { nameLength: 10_000 };

describeWithSharedData('unusual texts', () => {
  let texts: string[] = [];
  /** The parts of the texts that the engine can index. */
  let keys: string[] = [];

  beforeAll(() => {
    texts = readSharedData<PublicText>('text').map(({ text }) => text);
    expect(texts).toHaveLength(793);
    // Each text takes several round trips on PostgreSQL: the everyday run takes every eighth text.
    if (onPostgresql && process.env['LONG_TESTS'] === undefined) texts = texts.filter((_, index) => index % 8 === 0);
    keys = texts.map(indexable);
  });

  test('each of 793 unusual texts is stored unchanged in every text field of an agent', async () => {
    const { db } = await openTestDatabase({ limits });
    const certificateId = await createCertificate(db);
    for (const [index, text] of texts.entries()) {
      const key = keys[index] ?? '';
      const endpoint = { id: key, protocol: key, address: text, port: 1, metadata: { [text]: text } };
      const fields = { name: key, owner: key, description: text, version: text, metadata: { [key]: [text] } };
      const id = await createAgent(db, { id: `${index} ${key}`, certificateId, ...fields, endpoints: [endpoint] });
      expect(await db.getAgent(id)).toMatchObject({ id, ...fields, endpoints: [endpoint] });
    }
  });

  test('queries find each of 793 unusual agent names by exactName and by a part of the name', async () => {
    const { db } = await openTestDatabase({ limits });
    const certificateId = await createCertificate(db);
    for (const [index, name] of keys.entries()) await createAgent(db, { id: String(index), name, certificateId });
    for (const [index, name] of keys.entries()) {
      const exact = (await db.queryAgents({ exactName: name })).map(({ id }) => id);
      const part = (await db.queryAgents({ name: name.slice(0, 40).toWellFormed() })).map(({ id }) => id);
      expect(exact).toContain(String(index));
      if (name.slice(0, 40).isWellFormed()) expect(part).toContain(String(index));
    }
  });

  test('one agent stores 793 unusual texts unchanged as capabilities', async () => {
    const { db } = await openTestDatabase({ limits });
    const id = await createAgent(db, { capabilities: keys });
    const sorted = [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await db.getAgent(id))?.capabilities).toEqual(sorted);
    const wanted = keys.slice(0, 50);
    expect(await db.queryAgents({ capabilities: wanted, allCapabilities: true })).toHaveLength(1);
  });

  test('each of 793 unusual texts is stored unchanged in security events and certificates', async () => {
    const { db } = await openTestDatabase({ limits });
    for (const [index, text] of texts.entries()) {
      const key = keys[index] ?? '';
      const fields = { source: key, target: key, description: text, eventType: key, metadata: { [key]: text } };
      const id = await db.recordSecurityEvent(eventInput({ id: `${index} ${key}`, ...fields }));
      expect(await db.querySecurityEvents({ ids: [id], source: key, eventTypes: [key] })).toMatchObject([fields]);
      const certificateId = await createCertificate(db, { subject: text, issuer: text, metadata: { [key]: text } });
      expect(await db.getCertificate(certificateId)).toMatchObject({ subject: text, issuer: text });
    }
  });
});

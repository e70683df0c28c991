import { agentInput, createAgent, createCertificate } from '../support/factories';
import { TcpProxy } from '../support/tcp-proxy';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { parseMessages } from './wire';

const revisions = Array.from({ length: 6 }, (_, index) => ({
  name: `Ünïcödé 🦊 ${index}`,
  description: index % 2 === 0 ? null : `revision ${index}`,
  capabilities: [`capability ${index}`, 'kept'],
  metadata: { index, text: '\u{10FFFF}'.repeat(index) },
  endpoints: [{ id: 'main', protocol: 'https', address: `höst-${index}`, port: 400 + index }],
}));

test('an update stores the same rows when its statements are sent one by one and as a batch', async () => {
  const { db } = await openTestDatabase({ url: await newDatabaseUrl(), pool: { maxConnections: 1 } });
  const id = await createAgent(db);
  for (const { description, ...revision } of revisions) {
    const updatedAt = (await db.getAgent(id))?.updatedAt;
    expect(await db.agents.update({ id, description, ...revision }, { ifUpdatedAt: updatedAt ?? new Date(0) })).toBe(
      true,
    );
    const { endpoints, ...others } = revision;
    expect(await db.getAgent(id)).toMatchObject({ ...others, endpoints });
    expect((await db.getAgent(id))?.description).toBe(description ?? undefined);
  }
});

test('an update sends BEGIN with one batch of queries, then one batch of writes with COMMIT', async () => {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const { db } = await openTestDatabase({ url: proxy.url(url), pool: { maxConnections: 1 } });
  const certificateId = await createCertificate(db);
  const id = await db.createAgent(agentInput({ certificateId }));
  for (const revision of revisions) await db.agents.update({ id, ...revision });
  const heard = proxy.listen();
  await db.agents.update({ id, ...revisions[0] });
  const types = parseMessages(Buffer.concat(heard())).map(([type]) => type);
  expect(types.join('')).toMatch(/^PBE(?:BE)+S(?:BE)+PBES$/);
});

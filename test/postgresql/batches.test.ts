import { PostgresqlConnections } from '../../src/engines/postgresql/connections';
import { ManagedClient } from '../../src/engines/postgresql/managed-client';
import { begin, commitWith } from '../../src/engines/postgresql/send-statements';
import { PostgresqlTransaction } from '../../src/engines/postgresql/transaction';
import { expectError } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest, newDatabaseUrl, openTestDatabase } from '../support/test-database';
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

test('query events report the statements of a batch before the one that failed', async () => {
  const url = await newDatabaseUrl();
  spoilDatabase(url);
  const { db, events } = await openTestDatabase({ url, pool: { maxConnections: 1 } });
  const id = await createAgent(db);
  for (const { description } of revisions) await db.agents.update({ id, description });
  await runRaw(
    url,
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON changes FOR EACH ROW EXECUTE FUNCTION refuse()`,
  );
  events.length = 0;
  await expectError('CONSTRAINT_VIOLATION', () => db.agents.update({ id, description: 'refused' }));
  const texts = events.flatMap((event) => (event.type === 'query' ? [event.sql] : []));
  expect(texts[0]).toBe('BEGIN');
  expect(texts.some((text) => text.includes('UPDATE agents'))).toBe(true);
  expect(texts.some((text) => text.includes('INTO changes'))).toBe(false);
  expect(texts).not.toContain('COMMIT');
});

test('a COMMIT that is not sent, because the connection is known to be lost, has a known outcome', async () => {
  const location = { connectionString: await newDatabaseUrl(), kind: 'postgresql', schema: undefined } as const;
  const times = { connectTimeoutMs: 5000, idleTimeoutMs: 0, statementTimeoutMs: 0 };
  const connections = new PostgresqlConnections({ ...location, ignored: [] }, { maxConnections: 1, ...times });
  afterTest(() => connections.close());
  const transaction = await PostgresqlTransaction.open(connections, 'READ COMMITTED');
  const { client } = transaction;
  await begin(transaction);
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  if (client instanceof ManagedClient) client.terminate();
  await ended;
  await expect(commitWith(transaction, [])).rejects.toThrow('Connection terminated unexpectedly');
});

import { setTimeout as sleep } from 'node:timers/promises';
import { runStatement } from '../../src/engines/postgresql/connections';
import { ManagedClient } from '../../src/engines/postgresql/managed-client';
import { MessageCheck } from '../../src/engines/postgresql/message-check';
import { expectError } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest, newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';
import { message, ready, report, welcome } from './wire';

/** Opens a database through a proxy with one connection, on which the statements of a registration are prepared. */
async function openPrepared() {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const { db } = await openTestDatabase({ url: proxy.url(url), pool: { maxConnections: 1 } });
  const certificateId = await createCertificate(db);
  const register = (id: string): Promise<string> =>
    db.createAgent(
      agentInput({ certificateId, id, name: `Agent ${id}`, capabilities: ['one', `of-${id}`], metadata: { id } }),
    );
  await register('first');
  return { db, proxy, url, register };
}

/** Returns the types of the protocol messages that a client sent. */
function messagesOf(pieces: readonly Buffer[]): string {
  const sent = Buffer.concat(pieces);
  let types = '';
  for (let at = 0; at < sent.length; at += 1 + sent.readUInt32BE(at + 1)) types += String.fromCharCode(sent[at] ?? 0);
  return types;
}

describe('a registration whose statements are prepared', () => {
  test('a registration with prepared statements is sent in one packet with one Sync message, as one transaction', async () => {
    const { db, proxy, register } = await openPrepared();
    const heard = proxy.listen();
    await register('a');
    expect(heard()).toHaveLength(1);
    // Bind and Execute for each statement, Sync.
    expect(messagesOf(heard())).toMatch(/^(BE)+S$/);
    expect(await db.getAgent('a')).toMatchObject({ id: 'a', capabilities: ['of-a', 'one'], metadata: { id: 'a' } });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('a registration writes nothing when one of its statements fails, and the next registration succeeds', async () => {
    const { db, url, register } = await openPrepared();
    spoilDatabase(url);
    await runRaw(
      url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON changes FOR EACH ROW WHEN (new.entity_id = 'bad') EXECUTE FUNCTION refuse()`,
    );
    await expectError('CONSTRAINT_VIOLATION', () => register('bad'));
    await register('good');
    expect(await db.agents.getMany(['bad', 'good'])).toEqual([null, expect.objectContaining({ id: 'good' })]);
    expect(await db.queryAgents({ capabilities: ['of-bad'] })).toEqual([]);
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test.each([
    ['before', false],
    ['after', true],
  ] as const)(
    'a registration is not repeated when the connection is cut %s the server receives it',
    async (moment, isThere) => {
      const { db, proxy, register } = await openPrepared();
      proxy.cutAt('Agent doubtful', moment, 9);
      const error = await expectError('UNAVAILABLE', () => register('doubtful'));
      expect(error.message).toContain('may or may not have been kept');
      expect(proxy.cuts).toBe(1);
      // check() sends the names of agents.
      proxy.stopCutting();
      expect((await db.getAgent('doubtful')) !== null).toBe(isThere);
      expect(await db.check()).toMatchObject({ ok: true });
    },
  );

  test('a registration on an idle connection sends BEGIN first, so that the call can be repeated if the connection is lost', async () => {
    const { proxy, register } = await openPrepared();
    await sleep(1100);
    const heard = proxy.listen();
    await register('late');
    // Query, then Bind and Execute for each statement, and Sync at the end; a new text is also parsed.
    expect(messagesOf(heard())).toMatch(/^Q(P?BE)+S$/);
    expect(Buffer.concat([...heard()]).toString('latin1')).toMatch(/^Q....BEGIN/s);
  });
});

/** Opens a database with one connection that keeps the plans of the calls of `callAll`. */
async function openWithPlans(): Promise<TestDatabase> {
  const database = await openTestDatabase({ pool: { maxConnections: 1 } });
  await createAgent(database.db, { id: 'a', description: 'kept' });
  for (let call = 0; call < 3; call += 1) await callAll(database);
  return database;
}

async function callAll({ db }: TestDatabase): Promise<void> {
  expect(await db.getAgent('a')).toMatchObject({ description: 'kept' });
  expect(await db.updateAgent({ id: 'a', metadata: { one: 1 } })).toBe(true);
}

describe('the plans of the prepared statements of a connection', () => {
  test('calls with prepared statements succeed after the schema changes', async () => {
    const database = await openWithPlans();
    const { url } = database.options;
    spoilDatabase(url);
    await runRaw(url, 'ALTER TABLE endpoints ALTER COLUMN health_status TYPE text');
    await runRaw(url, 'ALTER TABLE agents ALTER COLUMN description TYPE varchar(500)');
    expect(await database.db.getAgent('a')).toMatchObject({ description: 'kept' });
  });

  test('prepared statements are not used again after a transaction found their plans outdated', async () => {
    const database = await openWithPlans();
    const { url } = database.options;
    spoilDatabase(url);
    await runRaw(url, 'ALTER TABLE agents ALTER COLUMN description TYPE varchar(500)');
    await database.db.transaction((tx) => tx.getAgent('a')).catch(() => undefined);
    await callAll(database);
  });
});

async function connect(): Promise<ManagedClient> {
  const client = new ManagedClient({ connectionString: await newDatabaseUrl() });
  afterTest(() => client.end());
  await client.connect();
  return client;
}

async function preparedOn(client: ManagedClient): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

async function select(client: ManagedClient, value: number): Promise<void> {
  const { rows } = await runStatement(client, { sql: `SELECT ${value} + ?::integer`, args: [1] });
  expect(rows).toEqual([[value + 1]]);
}

describe('the prepared statements of a connection', () => {
  test('prepared statements stay prepared while many other statements are sent once', async () => {
    const client = await connect();
    for (let count = 0; count < 5; count += 1) await select(client, -1);
    for (let value = 0; value < 600; value += 1) await select(client, value);
    const prepared = await preparedOn(client);
    expect(prepared).toContain('SELECT -1 + $1::integer');
    expect(prepared).toHaveLength(256);
  });

  test('a prepared statement is closed when other statements are used more often, and is prepared again when needed', async () => {
    const client = await connect();
    for (const start of [0, 1000, 0]) {
      for (let round = 0; round < 6; round += 1) {
        // Concurrent calls: a statement may be closed while it is being sent.
        await Promise.all(Array.from({ length: 200 }, (_, index) => select(client, start + index)));
      }
    }
    const prepared = await preparedOn(client);
    expect(prepared.length).toBeLessThanOrEqual(256);
    for (let value = 0; value < 200; value += 1) expect(prepared).toContain(`SELECT ${value} + $1::integer`);
  });

  test('prepared statements are closed also in a failed transaction', async () => {
    const client = await connect();
    for (let value = 0; value < 256; value += 1) await select(client, value);
    await client.query('BEGIN');
    await expect(client.query('SELECT 1 / 0')).rejects.toThrow('division');
    const refused = { sql: 'SELECT 5000', args: [] };
    for (let count = 0; count < 3; count += 1) await expect(runStatement(client, refused)).rejects.toThrow('aborted');
    await client.query('ROLLBACK');
    await select(client, 5000);
    expect((await preparedOn(client)).length).toBeLessThanOrEqual(256);
  });
});

const dataRow = message('D', Buffer.from([0, 1, 0, 0, 0, 3, 65, 66, 67]));
const sound = Buffer.concat([
  welcome,
  report('N', { S: 'NOTICE', C: '00000', M: 'a notice' }),
  dataRow,
  dataRow,
  report('E', { S: 'ERROR', C: '42501', M: 'denied' }),
  report('E', {}),
  ready,
]);

function checkMessages(data: Buffer, chunkLength: number): void {
  const messages = new MessageCheck();
  for (let at = 0; at < data.length; at += chunkLength) messages.check(data.subarray(at, at + chunkLength));
}

test.each([1, 2, 3, 5, 7, 64, 100_000])(
  'messages of the server are read correctly in chunks of %d bytes',
  (chunkLength) => {
    expect(() => checkMessages(sound, chunkLength)).not.toThrow();
  },
);

test.each([
  ['an error without any end', message('E', Buffer.from('SFATAL'))],
  ['an error without a last field', message('E', Buffer.from('SFATAL\0'))],
  ['an error without anything', message('E')],
  ['a notice without an end', message('N', Buffer.from('SNOTICE\0M'))],
  ['a length that does not count itself', Buffer.from([0x44, 0, 0, 0, 3])],
  ['a length beyond all messages', Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff])],
])('%s in a message of the server is reported as malformed for every chunk size', (_, bytes) => {
  for (const chunkLength of [1, 3, 6, 100_000]) {
    // The messages that follow must not be read as the missing end.
    expect(() => checkMessages(Buffer.concat([sound, bytes, ready]), chunkLength)).toThrow('malformed');
  }
});

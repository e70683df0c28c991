import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { afterTest, newDatabaseUrl } from '../support/test-database';
import { TcpProxy } from '../support/tcp-proxy';

interface Setting {
  readonly db: DatabaseService;
  readonly proxy: TcpProxy;
  readonly url: string;
  /** Registers an agent with everything that one can have. */
  readonly register: (id: string) => Promise<string>;
}

/** A database with one connection, through a network that listens, on which registrations are prepared. */
async function open(): Promise<Setting> {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const db = new DatabaseService({ url: proxy.url(url), pool: { maxConnections: 1 } });
  afterTest(() => db.close());
  await db.initialize();
  const certificateId = await createCertificate(db);
  const register = (id: string): Promise<string> =>
    db.createAgent({
      ...agentInput({ certificateId, name: `Agent ${id}`, capabilities: ['one', `of-${id}`], metadata: { id } }),
      id,
    });
  await register('first');
  return { db, proxy, url, register };
}

/** The types of the messages of the protocol that a client has sent. */
function messagesOf(pieces: readonly Buffer[]): string {
  const sent = Buffer.concat(pieces);
  let types = '';
  for (let at = 0; at < sent.length; at += 1 + sent.readUInt32BE(at + 1)) types += String.fromCharCode(sent[at] ?? 0);
  return types;
}

describe('A registration whose statements the connection has prepared', () => {
  test('is sent in one piece with one end, which makes it a transaction', async () => {
    const { db, proxy, register } = await open();
    const heard = proxy.listen();
    await register('a');
    expect(heard()).toHaveLength(1);
    // Bind and Execute for each statement, Sync.
    expect(messagesOf(heard())).toMatch(/^(BE)+S$/);
    expect(await db.getAgent('a')).toMatchObject({ id: 'a', capabilities: ['of-a', 'one'], metadata: { id: 'a' } });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('is not there at all when one of its statements fails, and the next one is', async () => {
    const { db, url, register } = await open();
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
    'whose connection is cut %s the server gets it is in doubt, and is not repeated',
    async (moment, isThere) => {
      const { db, proxy, register } = await open();
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

  test('is announced first on a connection that has been silent: were it dead, nothing would be in doubt', async () => {
    const { proxy, register } = await open();
    await sleep(1100);
    const heard = proxy.listen();
    await register('late');
    expect(messagesOf(heard())).toMatch(/^Q(BDE?S?|BD|E|S)+/);
    expect(Buffer.concat([...heard()]).toString('latin1')).toMatch(/^Q....BEGIN/s);
  });
});

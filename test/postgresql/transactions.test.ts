import type { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate, eventInput } from '../support/factories';
import { whileLocked } from '../support/raw-client';
import { TcpProxy } from '../support/tcp-proxy';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

/** Opens two services on one database, as two processes do. */
async function openTwo(): Promise<TestDatabase & { readonly other: DatabaseService }> {
  const database = await openTestDatabase();
  const { db: other } = await openTestDatabase(database.options);
  await createCertificate(database.db, { id: 'c' });
  return { ...database, other };
}

function agent(id: string, capabilities: readonly string[] = [], fields: object = {}) {
  return agentInput({ id, certificateId: 'c', capabilities: [...capabilities], ...fields });
}

describe('two concurrent transactions', () => {
  test('two concurrent transactions do not wait for each other when they remove a capability that other agents keep', async () => {
    const { db, other } = await openTwo();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) await db.createAgent(agent(id, ['x', 'y']));
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', capabilities: ['y'] });
      // The transaction has locked the link of the agent b.
      expect(await other.updateAgent({ id: 'c', capabilities: [] })).toBe(true);
      expect(await other.deleteAgent('e')).toBe(true);
      expect(await other.createAgent(agent('f', ['x']))).toBe('f');
    });
    const found = await db.agents.getMany([...ids, 'f']);
    expect(found.map((record) => record?.capabilities)).toEqual([['y'], ['x', 'y'], [], ['x', 'y'], undefined, ['x']]);
  });
});

describe('a transaction', () => {
  test('a transaction keeps its other changes when it catches the CONFLICT of a call', async () => {
    const { db, other } = await openTwo();
    await db.createAgent(agent('a'));
    await db.transaction(async (tx) => {
      await tx.getAgent('a');
      await other.updateAgent({ id: 'a', name: 'changed meanwhile' });
      await expectError('CONFLICT', () => tx.updateAgent({ id: 'a', name: 'mine' }));
      await tx.createAgent(agent('b'));
    });
    expect(await db.getAgent('a')).toMatchObject({ name: 'changed meanwhile' });
    expect(await db.getAgent('b')).not.toBeNull();
  });

  test('a transaction reads one snapshot while calls outside it read what other transactions have committed', async () => {
    const { db, other } = await openTwo();
    await db.transaction(async (tx) => {
      expect(await tx.getAgent('late')).toBeNull();
      await other.createAgent(agent('late'));
      expect(await tx.getAgent('late')).toBeNull();
      expect(await db.getAgent('late')).not.toBeNull();
      await expectError('CONFLICT', () => db.createAgent(agent('beside')));
    });
  });

  test('a transaction keeps its other changes when a call fails on a server with messages in another language', async () => {
    const { db, options } = await openTwo();
    const proxy = await TcpProxy.start(options.url);
    // The severity as a German server sends it, "FEHLER", cut to the same length.
    proxy.replace('SERROR\0', 'SFEHLE\0');
    const { db: german } = await openTestDatabase({ url: proxy.url(options.url) });
    await german.transaction(async (tx) => {
      await tx.createAgent(agent('a'));
      await expectError('ALREADY_EXISTS', () => tx.createAgent(agent('a')));
      await tx.createAgent(agent('b'));
    });
    expect(await db.queryAgents({})).toHaveLength(2);
  });
});

const ours = "datname = current_database() AND application_name = 'ans-database'";
const lockCertificate = "SELECT 1 FROM certificates WHERE id = 'c' FOR UPDATE";

describe('a statement', () => {
  test('a statement fails with UNAVAILABLE and is not retried when an administrator cancels it', async () => {
    const { db, events, options } = await openTestDatabase();
    await createCertificate(db, { id: 'c' });
    events.length = 0;
    await whileLocked(options.url, lockCertificate, async () => {
      const failed = expectError('UNAVAILABLE', () => db.updateCertificateStatus('c', 'SUSPENDED'));
      const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${ours} AND wait_event_type = 'Lock'`;
      await waitUntil(async () => (await administer(options.url, cancel)).length > 0);
      const error = await failed;
      expect(error.message).toContain('was cancelled on request');
      expect(error.message).not.toContain('timeout');
    });
    expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
  });

  test('a statement that exceeds statementTimeoutMs fails with TIMEOUT, and its transaction can continue', async () => {
    const { db, options } = await openTestDatabase({ pool: { statementTimeoutMs: 100 } });
    await createCertificate(db, { id: 'c' });
    await whileLocked(options.url, lockCertificate, async () => {
      const error = await expectError('TIMEOUT', () => db.updateCertificateStatus('c', 'SUSPENDED'));
      expect(error.message).toContain('statement_timeout');
    });
    await db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'before' }));
      await whileLocked(options.url, 'LOCK TABLE security_events IN ACCESS EXCLUSIVE MODE', () =>
        expectError('TIMEOUT', () => tx.recordSecurityEvent(eventInput())),
      );
      await tx.createCertificate(certificateInput({ id: 'after' }));
    });
    expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['after', 'before', 'c']);
  });
});

import { Client } from 'pg';
import { DatabaseService, type DatabaseEvent, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { afterTest, newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

const ours = "datname = current_database() AND application_name = 'ans-database'";

async function open(options: DatabaseOptions = {}) {
  const database = await openTestDatabase(options);
  await createCertificate(database.db, { id: 'c' });
  return database;
}

async function lockCertificate(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  afterTest(() => client.end());
  await client.query("BEGIN; SELECT 1 FROM certificates WHERE id = 'c' FOR UPDATE");
}

/** Runs a function of the server on the connection that waits for a lock. */
async function onWaiting(url: string, name: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<void> {
  await waitUntil(async () => {
    const sql = `SELECT ${name}(pid) FROM pg_stat_activity WHERE ${ours} AND wait_event_type = 'Lock'`;
    return (await administer(url, sql)).length > 0;
  });
}

test('a statement that an administrator cancels fails with UNAVAILABLE and is not retried', async () => {
  const { db, events, options } = await open();
  await lockCertificate(options.url);
  events.length = 0;
  const failed = expectError('UNAVAILABLE', () => db.updateCertificateStatus('c', 'SUSPENDED'));
  await onWaiting(options.url, 'pg_cancel_backend');
  const error = await failed;
  expect(error.message).toContain('was cancelled on request');
  expect(error.message).not.toContain('timeout');
  expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
});

test('a statement that exceeds its time limit fails with TIMEOUT', async () => {
  const { db, options } = await open({ pool: { statementTimeoutMs: 100 } });
  await lockCertificate(options.url);
  const error = await expectError('TIMEOUT', () => db.updateCertificateStatus('c', 'SUSPENDED'));
  expect(error.message).toContain('statement_timeout');
});

describe('a transaction that is idle for longer than the server allows', () => {
  const events: DatabaseEvent[] = [];
  let db: DatabaseService;
  let url: string;

  beforeEach(async () => {
    url = await newDatabaseUrl();
    events.length = 0;
    const onEvent = (event: DatabaseEvent): void => void events.push(event);
    db = new DatabaseService({ url: `${url}?idle_in_transaction_session_timeout=50`, onEvent });
    afterTest(() => db.close());
    await db.initialize();
    await createCertificate(db, { id: 'c' });
  });

  async function untilEnded(): Promise<void> {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE ${ours} AND state LIKE 'idle in transaction%'`;
    await waitUntil(async () => (await administer(url, sql)).length === 0);
  }

  test('fails with TIMEOUT at its next call', async () => {
    await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.updateCertificateStatus('c', 'SUSPENDED');
        await untilEnded();
        await tx.getCertificate('c');
      }),
    );
    expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
  });

  test('fails with TIMEOUT at its commit and changes nothing', async () => {
    const error = await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.updateCertificateStatus('c', 'SUSPENDED');
        await untilEnded();
      }),
    );
    expect(error.operation).toBe('transaction');
    expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
    expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
  });

  test('fails with TIMEOUT for a call that its callback ignores, and for the transaction', async () => {
    await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.getCertificate('c');
        await untilEnded();
        await tx.getCertificate('c').catch(() => undefined);
      }),
    );
  });
});

import { DatabaseService, type DatabaseEvent } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput, createCertificate, eventInput } from '../support/factories';
import { whileLocked } from '../support/raw-client';
import { afterTest, newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

const ours = "datname = current_database() AND application_name = 'ans-database'";
const lockCertificate = "SELECT 1 FROM certificates WHERE id = 'c' FOR UPDATE";

describe('a statement', () => {
  test('that an administrator cancels fails with UNAVAILABLE and is not retried', async () => {
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

  test('that exceeds statementTimeoutMs fails with TIMEOUT, and a transaction that caught it continues', async () => {
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

  test('fails with TIMEOUT at its next call and changes nothing', async () => {
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

  test('fails with TIMEOUT when its callback ignores the error of a call', async () => {
    await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.getCertificate('c');
        await untilEnded();
        await tx.getCertificate('c').catch(() => undefined);
      }),
    );
  });
});

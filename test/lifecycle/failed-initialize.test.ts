import { DatabaseService, driverErrorOf } from '../../src';
import { expectError, expectRefused } from '../support/expect-error';
import { createCertificate, agentInput, eventInput } from '../support/factories';
import { afterTest, unmigratedDatabaseUrl, openTestDatabase } from '../support/test-database';

/** Returns a service whose `initialize()` fails until `migrate` has applied the migrations. */
async function createFailing(): Promise<{ readonly db: DatabaseService; readonly migrate: () => Promise<void> }> {
  const url = await unmigratedDatabaseUrl();
  const db = new DatabaseService({ url, migrations: 'verify' });
  afterTest(() => db.close());
  const migrate = async (): Promise<void> => {
    await using other = new DatabaseService({ url, migrations: 'apply' });
    await other.initialize();
  };
  return { db, migrate };
}

describe('initialize() after a failure', () => {
  test('initialize fails for all concurrent callers, and succeeds after the cause is removed', async () => {
    const { db, migrate } = await createFailing();
    const errors = await Promise.all([1, 2, 3].map(() => expectError('SCHEMA_OUTDATED', () => db.initialize())));
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
    await expectError('NOT_INITIALIZED', () => db.getCertificate('c'));
    await db.close();
    await expectError('SCHEMA_OUTDATED', () => db.initialize());
    await migrate();
    await db.initialize();
    expect(await createCertificate(db, { id: 'c' })).toBe('c');
  });

  test('a close() during an initialize() that fails resolves', async () => {
    const { db, migrate } = await createFailing();
    const failed = expectError('SCHEMA_OUTDATED', () => db.initialize());
    await Promise.all([failed, db.close()]);
    await migrate();
    await db.initialize();
    expect(await db.getCertificate('c')).toBeNull();
  });
});

test('a write fails with INVALID_OPTIONS and the thrown error as its cause when the option `now` throws', async () => {
  const failure = new Error('the clock is broken');
  let isBroken = false;
  const now = (): number => {
    if (isBroken) throw failure;
    return Date.now();
  };
  const { db, ...database } = await openTestDatabase({ now });
  const certificateId = await createCertificate(db);
  isBroken = true;
  for (const write of [
    () => db.createAgent(agentInput({ certificateId })),
    () => db.recordSecurityEvent(eventInput()),
  ]) {
    const error = await expectRefused(database, 'INVALID_OPTIONS', write);
    expect(error).toMatchObject({ field: 'now', retryable: false });
    expect(error.message).toContain('now must be a function that does not throw');
    expect(driverErrorOf(error)).toBe(failure);
  }
});

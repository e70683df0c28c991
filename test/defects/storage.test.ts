import { join } from 'node:path';
import { DatabaseServiceFactory } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { onPostgresql } from '../support/engine';
import { resetAfterTest } from '../support/factory-instance';
import { queryRaw, rawCounts, rawRows } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';

describe('the database', () => {
  test('D13: a call of another caller does not become part of a transaction that is open', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    let bystander: Promise<string> | undefined;
    const other = new Promise<void>((resolve) => {
      setImmediate(() => {
        bystander = db.createAgent(agentInput({ id: 'bystander', certificateId }));
        resolve();
      });
    });
    const transaction = db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: 'rolled back', certificateId }));
      await other;
      throw new RangeError('enough');
    });
    await expect(transaction).rejects.toThrow(new RangeError('enough'));
    expect(await bystander).toBe('bystander');
    expect((await db.queryAgents({})).map(({ id }) => id)).toEqual(['bystander']);
  });

  test('D14: foreign keys hold, for whatever opens the file as this package does', async () => {
    const database = await openTestDatabase();
    const certificateId = await createCertificate(database.db);
    const id = await createAgent(database.db, { certificateId, capabilities: ['a'], metadata: { a: 1 } });
    const broken = onPostgresql ? 'SELECT * FROM pg_constraint WHERE NOT convalidated' : 'PRAGMA foreign_key_check';
    expect(await queryRaw(database, broken)).toEqual([[]]);
    await database.db.deleteAgent(id);
    const { agent_metadata, agent_capabilities } = await rawCounts(database);
    expect({ agent_metadata, agent_capabilities }).toEqual({ agent_metadata: 0, agent_capabilities: 0 });
  });

  test('D16: the second of two concurrent callers never gets an instance that is not ready', async () => {
    const options = { url: await newDatabaseUrl(), allowReset: true };
    resetAfterTest(options);
    const first = DatabaseServiceFactory.getInstance(options);
    const second = await DatabaseServiceFactory.getInstance(options);
    expect(await second.queryAgents({})).toEqual([]);
    expect(await first).toBe(second);
  });

  testOn('sqlite', 'D17: a reset removes only the database that it names', async () => {
    const { db, options } = await openTestDatabase();
    const id = await createAgent(db);
    await db.close();
    await DatabaseServiceFactory.resetDatabase({ url: `file:${join(temporaryDirectory(), 'other.sqlite')}` });
    const again = await openTestDatabase({ url: options.url });
    expect(await again.db.getAgent(id)).toMatchObject({ id });
  });

  test('D19: the second start on one file succeeds', async () => {
    const { db, options } = await openTestDatabase();
    await db.close();
    const second = await openTestDatabase({ url: options.url });
    expect(await second.db.queryAgents({})).toEqual([]);
  });

  test('D31: a certificate that is revoked while another call finds it expired stays revoked', async () => {
    const { db, options } = await openTestDatabase();
    const other = await openTestDatabase({ url: options.url });
    const id = await createCertificate(db);
    const read = await db.getCertificate(id);
    await other.db.updateCertificateStatus(id, 'REVOKED');
    expect(read?.status).toBe('VALID');
    await expectError('INVALID_TRANSITION', () => db.updateCertificateStatus(id, 'EXPIRED'));
    expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED' });
  });

  test('D33: a certificate tells when it was created', async () => {
    const { db } = await openTestDatabase({ now: () => 1_800_000_000_001 });
    const certificate = await db.getCertificate(await createCertificate(db));
    expect(certificate?.createdAt).toEqual(new Date(1_800_000_000_001));
  });

  test('D39: neither status nor severity nor health is free text', async () => {
    const { db } = await openTestDatabase();
    const wrong = { status: 'BROKEN' } as object;
    await expectError('INVALID_INPUT', () => db.createCertificate({ ...certificateInput(), ...wrong }));
    await expectError('INVALID_INPUT', () => db.createAgent({ ...agentInput({ certificateId: 'c' }), ...wrong }));
    const health = { endpoints: [{ protocol: 'https', address: 'a', port: 1, health: wrong }] } as object;
    await expectError('INVALID_INPUT', () => db.createAgent({ ...agentInput({ certificateId: 'c' }), ...health }));
    const severity = { severity: 'BROKEN' } as object;
    await expectError('INVALID_INPUT', () => db.recordSecurityEvent({ ...eventInput(), ...severity }));
  });

  test('D40: empty details of a mitigation stay empty details, and a second event of one id is told apart', async () => {
    const database = await openTestDatabase();
    await database.db.recordSecurityEvent(eventInput({ id: 'e', mitigationDetails: '' }));
    expect(await rawRows(database, 'security_events')).toMatchObject([{ id: 'e', mitigation_details: '' }]);
    await expectError('ALREADY_EXISTS', () => database.db.recordSecurityEvent(eventInput({ id: 'e' })));
  });

  test('D44: close lets every call that has begun come to its end', async () => {
    const database = await openTestDatabase();
    const certificateId = await createCertificate(database.db);
    const calls = [
      database.db.createAgent(agentInput({ certificateId })),
      database.db.recordSecurityEvent(eventInput()),
      database.db.updateCertificateStatus(certificateId, 'SUSPENDED'),
      database.db.queryAgents({}),
    ];
    await database.db.close();
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(calls.map(() => 'fulfilled'));
    expect(await rawRows(database, 'certificates')).toMatchObject([{ status: 'SUSPENDED' }]);
  });

  test('D47: certificate, agent and event are stored together or not at all', async () => {
    const database = await openTestDatabase();
    const registration = database.db.transaction(async (tx) => {
      const certificateId = await tx.createCertificate(certificateInput());
      await tx.recordSecurityEvent(eventInput());
      return tx.createAgent(agentInput({ certificateId, version: '' }));
    });
    await expect(registration).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'version' });
    expect(Object.values(await rawCounts(database)).every((count) => count === 0)).toBe(true);
  });
});

import { DatabaseService } from '../../src';
import { administer, databaseUrl } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { describeUnless } from '../support/skip';
import { secret, shareTarget } from './connecting';
import { whyNoOwnServer } from '../support/own-server';
import { failWith } from './told';

describeUnless(whyNoOwnServer, 'Connecting', () => {
  const target = shareTarget();

  describe('as somebody whom the server refuses', () => {
    test('a wrong password is UNAVAILABLE, and stays so', async () => {
      const { name } = target.server.superuser;
      await target.failToConnect(target.server.url('postgres', { name, password: secret }), 'UNAVAILABLE', false);
    });

    test('no password is UNAVAILABLE', async () => {
      const url = `postgresql://postgres@127.0.0.1:${target.server.port}/migrated`;
      await target.failToConnect(url, 'UNAVAILABLE', false);
    });

    test('an unknown role is UNAVAILABLE', async () => {
      const url = target.server.url('postgres', { name: 'nobody', password: secret });
      await target.failToConnect(url, 'UNAVAILABLE', false);
    });

    test('a missing database is UNAVAILABLE, and stays so', async () => {
      await target.failToConnect(target.server.url('missing'), 'UNAVAILABLE', false);
    });

    test('a role that may not connect to the database fails with PERMISSION_DENIED', async () => {
      const url = await target.urlOfRole('stranger', '');
      await administer(target.server.url(), 'CREATE DATABASE closed');
      await administer(target.server.url(), 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
      await target.failToConnect(databaseUrl(url, 'closed'), 'PERMISSION_DENIED', false);
    });

    test('TLS demanded of a server without is UNAVAILABLE, and stays so', async () => {
      const url = `${target.migrated}?sslmode=verify-full`;
      await target.failToConnect(url, 'UNAVAILABLE', false);
      await target.failToConnect(`${target.migrated}?ssl=true`, 'UNAVAILABLE', false);
    });

    test('a certificate file that is not there is INVALID_OPTIONS', async () => {
      const url = `${target.migrated}?sslmode=verify-full&sslrootcert=/no/such/file.pem`;
      const failure = await target.failToConnect(url, 'INVALID_OPTIONS', false);
      expect(failure.error.message).not.toContain('/no/such');
    });
  });

  describe('as a role that lacks a privilege', () => {
    test('one that may not see the history cannot verify the schema', async () => {
      await target.failToConnect(await target.urlOfRole('blind', ''), 'PERMISSION_DENIED', false);
    });

    test('a role that may not read fails with PERMISSION_DENIED and a message that names the privilege', async () => {
      const url = await target.urlOfRole('unread', '');
      const failure = await failWith({ url, migrations: 'skip' }, async (db) => {
        await db.initialize();
        await db.getAgent('known');
      });
      expect(failure.error).toMatchObject({ code: 'PERMISSION_DENIED', retryable: false, operation: 'agents.get' });
      expect(failure.error.message).toContain('privilege');
      expect(failure.told).not.toContain(secret);
    });

    test('one that may only read reads, and fails to write with the same error', async () => {
      const url = await target.urlOfRole('reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader');
      await using db = new DatabaseService({ url });
      await db.initialize();
      expect(await db.getAgent('known')).not.toBeNull();
      const writes = [
        () => db.createCertificate(certificateInput()),
        () => db.createAgent(agentInput({ certificateId: 'c' })),
        () => db.updateAgent({ id: 'known', name: 'x' }),
        () => db.deleteAgent('known'),
        () => db.updateCertificateStatus('c', 'SUSPENDED'),
        () => db.recordSecurityEvent(eventInput()),
        () => db.transaction((tx) => tx.recordSecurityEvent(eventInput())),
      ];
      for (const write of writes) {
        const error = await expectError('PERMISSION_DENIED', write);
        expect(error.retryable).toBe(false);
        expect(error.message).toContain('privilege');
      }
      expect(await db.getAgent('known')).not.toBeNull();
    });

    test('one that may create no tables fails to apply migrations, which leaves nothing', async () => {
      await administer(target.server.url(), 'CREATE DATABASE bare');
      const url = databaseUrl(await target.urlOfRole('guest', ''), 'bare');
      const failure = await target.failToConnect(url, 'PERMISSION_DENIED', false, { migrations: 'apply' });
      expect(failure.error.message).toContain('privilege');
      const tables = await administer(target.server.url('bare'), "SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
      expect(tables).toEqual([]);
    });

    test('a database without tables is SCHEMA_OUTDATED unless migrations are applied', async () => {
      await administer(target.server.url(), 'CREATE DATABASE empty_one');
      await target.failToConnect(target.server.url('empty_one'), 'SCHEMA_OUTDATED', false);
    });
  });

  test('passwords with every character that a URL can escape are understood', async () => {
    const password = 'a:b/c?d#e@f%g h\'"\\é€';
    await administer(
      target.migrated,
      `CREATE ROLE escaped LOGIN PASSWORD '${password.replaceAll("'", "''")}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO escaped`,
    );
    await using db = new DatabaseService({ url: target.server.url('migrated', { name: 'escaped', password }) });
    await db.initialize();
    expect(await db.getAgent('known')).not.toBeNull();
  });
});

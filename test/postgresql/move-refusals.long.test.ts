import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { DatabaseService } from '../../src';
import { agentIds, certificateInput, createAgent, createAgents, createCertificate } from '../support/factories';
import { allRawRows, queryRaw } from '../support/raw-reader';
import { changeRaw, changeRawUnchecked } from '../support/raw-writer';
import { createSignal } from '../support/signal';
import { openTestDatabase } from '../support/test-database';
import { createCertificates, Moving } from './moving';
import { createRole } from '../support/postgresql-role';

/** Text that is longer than an entry of PostgreSQL's indexes may be, and not compressible. */
const longText = randomBytes(4000).toString('base64');

describe('ans-database move', () => {
  test('ans-database move refuses a database that is not empty, and leaves it unchanged', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    await createCertificate((await openTestDatabase(moving.target.options)).db);
    const before = await allRawRows(moving.target);
    const { exitCode, stdout, stderr } = await moving.run();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toBe(
      'ans-database: the PostgreSQL database is not empty: it has rows in certificates, changes; nothing was written\n',
    );
    expect(await allRawRows(moving.target)).toEqual(before);
  });

  test('ans-database move refuses a SQLite database with an old schema, and tells the user to apply the migrations', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    await changeRaw(moving.source, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%directory'");
    await moving.expectRefused(
      /lacks migrations \(SCHEMA_OUTDATED\); apply them first: npx ans-database migrate deploy --url file:/,
    );
  });

  test('ans-database move refuses a table with a column that only one of the databases has', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    await changeRaw(moving.source, 'ALTER TABLE agents ADD COLUMN own TEXT');
    await moving.expectRefused(/table agents has columns that only one of the databases has: own$/);
  });

  test('ans-database move reports table and key of a row whose value is too long for an index', async () => {
    const fill = (db: DatabaseService) =>
      createAgents(db, agentIds(20), (id) => (id === 'agent-13' ? { name: longText } : {}));
    const moving = await Moving.prepare(fill, undefined, { limits: { nameLength: longText.length } });
    await moving.expectRefused(/^agents, id "agent-13": PostgreSQL cannot store it: .*idx_agents_name/);
    const { exitCode, stdout, stderr } = await moving.run();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^ans-database: agents, id "agent-13": .*; nothing was written$/m);
    expect(stderr).not.toContain(longText.slice(0, 20));
  });

  test('ans-database move reports a key that is too long for an index by its first characters', async () => {
    const moving = await Moving.prepare((db) => createAgent(db, { metadata: { [longText]: 1 } }));
    await moving.expectRefused(/^agent_metadata, agent_id ".+", key ".{80,100}…: PostgreSQL cannot store it/);
  });

  test.each([
    ['a NUL character', "name = 'a' || char(0)", 'name contains a NUL character, which PostgreSQL cannot store'],
    ['invalid UTF-8', "name = CAST(x'61ff' AS TEXT)", 'name is not valid UTF-8'],
    ['a blob in a text column', "name = x'61'", 'name is not text'],
    ['text in a time column', "updated_at = 'today'", 'updated_at is not a time from year 1 to year 9999'],
    ['a time after year 9999', 'updated_at = 253402300800000', 'updated_at is not a time from year 1 to year 9999'],
    ['a fraction of a millisecond', 'updated_at = 0.5', 'updated_at is not a time from year 1 to year 9999'],
    ['an unknown status', "status = 'secret'", 'status is not one of ACTIVE, DEPRECATED, EXPIRED, REVOKED, SUSPENDED'],
    ['a missing certificate', "certificate_id = 'gone'", 'references a row that does not exist \\(.*\\)'],
  ])('ans-database move reports the table and key of a row with %s', async (_, change, reason) => {
    const moving = await Moving.prepare((db) => createAgents(db, ['a', 'b', 'c'], () => ({ name: '\ufffd' })));
    await changeRawUnchecked(moving.source, `UPDATE agents SET ${change} WHERE id = 'b'`);
    await moving.expectRefused(new RegExp(`^agents, id "b": ${reason}; nothing was written$`));
  });

  test('ans-database move refuses a number that its column cannot store', async () => {
    const endpoints = [{ id: 'e', protocol: 'https', address: 'a', port: 1 }];
    const moving = await Moving.prepare((db) => createAgent(db, { id: 'a', endpoints }));
    await changeRawUnchecked(moving.source, 'UPDATE endpoints SET port = 3000000000');
    await moving.expectRefused(/^endpoints, agent_id "a", id "e": PostgreSQL rejects it \(22003\)/);
  });

  test('ans-database move reports the table of rows that violate a unique index together', async () => {
    const moving = await Moving.prepare((db) => createAgents(db, ['a', 'b', 'c']));
    await changeRaw(moving.target, 'CREATE UNIQUE INDEX one_an_owner ON agents (owner)');
    await moving.expectRefused(/^agents, a row: PostgreSQL rejects it \(one_an_owner, 23505\); nothing was written$/);
  });

  test('ans-database move refuses a certificate whose replacement certificate does not exist', async () => {
    const moving = await Moving.prepare((db) => createCertificate(db, { id: 'c' }));
    await changeRaw(moving.source, "PRAGMA foreign_keys = OFF; UPDATE certificates SET replaced_by = 'gone'");
    await moving.expectRefused(/^certificates, id "c": references a row that does not exist/);
  });

  test('ans-database move reports missing privileges without the password', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    const url = await createRole(
      moving.target.options.url,
      (role) => `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    const { exitCode, stderr } = await moving.run('--to', url);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'ans-database: the database role lacks a privilege, or row level security protects the row; nothing was written (42501)\n',
    );
    await moving.expectNothingMoved();
  });

  test('ans-database move reports an unreachable server without the password', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    const url = new URL(moving.target.options.url);
    url.port = '1';
    url.password = 'sEcr3t';
    const { exitCode, stdout, stderr } = await moving.run('--to', url.href);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^ans-database: the server cannot be reached; nothing was written\n$/);
  });

  test('ans-database move refuses a database to which another session is writing', async () => {
    const moving = await Moving.prepare((db) => createAgent(db));
    const { db } = await openTestDatabase(moving.target.options);
    const ended = createSignal();
    const writing = db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput());
      await ended.given;
      throw new Error('undone');
    });
    const { exitCode, stderr } = await moving.run();
    ended.give();
    await expect(writing).rejects.toThrow('undone');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'ans-database: another session is writing to the PostgreSQL database; nothing was written (55P03)\n',
    });
    await moving.expectNothingMoved();
  });
});

describe('ans-database move', () => {
  test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'ans-database move changes nothing when %s interrupts it, and can be run again',
    async (name) => {
      const moving = await Moving.prepare(createCertificates);
      await moving.slowDown('certificates');
      const child = await moving.start('--batch', '1');
      child.kill(name);
      expect(await once(child, 'close')).toEqual([null, name]);
      await moving.expectNothingMoved();
      await changeRaw(moving.target, 'DROP TRIGGER meddle ON certificates');
      expect(await moving.run('--batch', '7')).toMatchObject({ exitCode: 0 });
      await moving.expectSame();
    },
  );
});

test('ans-database move fails and changes nothing when the server ends the connection', async () => {
  const moving = await Moving.prepare(createCertificates);
  await moving.slowDown('certificates');
  const refused = moving.expectRefused(/^the server is shutting down or starting up; nothing was written \(57P01\)$/);
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'INSERT%'`;
  for (let ended = 0; ended === 0;) ended = (await queryRaw(moving.target, end)).flat().length;
  await refused;
});

import type { DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, eventInput, wholeAgent } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { afterTest, newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';
import { createRole } from '../support/postgresql-role';

/** Settings of a database that change what statements mean, how values are written, or which rows an index finds. */
const hostileSettings = [
  ...['extra_float_digits = -15', 'default_transaction_isolation = serializable'],
  ...['default_transaction_deferrable = on', 'timezone = Pacific/Apia', 'datestyle = SQL, DMY'],
  ...['intervalstyle = sql_standard', 'bytea_output = escape', 'standard_conforming_strings = off'],
  ...['backslash_quote = off', 'client_encoding = LATIN1', 'client_min_messages = debug1', 'lc_messages = C'],
  ...['lc_numeric = C', 'array_nulls = off', 'transform_null_equals = on', 'quote_all_identifiers = on'],
  ...['gin_fuzzy_search_limit = 1', 'exit_on_error = on', 'plan_cache_mode = force_custom_plan', 'jit = on'],
  ...['jit_above_cost = 0', 'enable_indexscan = off', 'enable_seqscan = off', 'enable_hashjoin = off'],
  ...['from_collapse_limit = 1', 'join_collapse_limit = 1', 'row_security = off', 'xmloption = document'],
  ...['synchronous_commit = off', 'session_replication_role = replica'],
].map(setting);

function setting(text: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = text.split(' = ');
  return [name, value];
}

/** Opens a database that has these settings. */
async function openWith(
  settings: readonly (readonly [name: string, value: string])[],
  options: DatabaseOptions = {},
): Promise<TestDatabase> {
  const url = await newDatabaseUrl();
  spoilDatabase(url);
  const name = new URL(url).pathname.slice(1);
  for (const [setting, value] of settings) {
    await administer(url, `ALTER DATABASE ${name} SET ${setting} = ${value.includes(',') ? value : `'${value}'`}`);
  }
  return openTestDatabase({ url, ...options });
}

/** Returns the value of a setting in the connections of the package. */
async function settingOf({ db, options: { url } }: TestDatabase, setting: string): Promise<unknown> {
  const reporter = `CREATE FUNCTION report_setting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO reported VALUES (current_setting('${setting}')); RETURN NEW; END $$`;
  await runRaw(url, `CREATE TABLE reported (value text); GRANT INSERT ON reported TO PUBLIC; ${reporter}`);
  await runRaw(
    url,
    'CREATE TRIGGER report AFTER INSERT ON certificates FOR EACH STATEMENT EXECUTE FUNCTION report_setting()',
  );
  await db.createCertificate(certificateInput());
  const [rows = []] = await runRaw(url, 'SELECT value FROM reported; DROP TRIGGER report ON certificates');
  return rows[0]?.['value'];
}

/** Returns a record as plain JSON values. */
function asJson(record: unknown): unknown {
  return JSON.parse(JSON.stringify(record)) as unknown;
}

/** Asserts that calls of many kinds return the usual results. */
async function expectUsualAnswers({ db }: TestDatabase): Promise<void> {
  const times = ['0001-01-01T00:00:00.001Z', '1969-12-31T23:59:59.999Z', '9998-12-31T23:59:59.999Z'];
  const [first = new Date(), middle = new Date(), last = new Date()] = times.map((time) => new Date(time));
  const certificate = certificateInput({ id: 'c', notBefore: first, notAfter: last, createdAt: middle });
  await db.createCertificate(certificate);
  expect(await db.getCertificate('c')).toMatchObject(certificate);
  const agent = wholeAgent({
    id: 'a',
    name: 'Ünique \\ "x" 𝒳',
    certificateId: 'c',
    createdAt: first,
    updatedAt: middle,
  });
  const whole = { ...agent, metadata: { ...agent.metadata, float: 0.1 + 0.2, path: 'C:\\new\\x', big: 1.7e308 } };
  await db.createAgent(whole);
  expect(asJson(await db.getAgent('a'))).toEqual(asJson(whole));
  expect(await db.queryAgents({ name: 'nique \\' })).toHaveLength(1);
  expect(await db.queryAgents({ metadata: { path: 'C:\\new\\x' } })).toHaveLength(1);
  expect(await db.updateAgent({ id: 'a', description: "it's \\' done" })).toBe(true);
  expect(await db.getAgent('a')).toMatchObject({ description: "it's \\' done" });
  for (const name of ['b', 'Z', 'é']) {
    await createAgent(db, { id: `named-${name}`, name: `sorted ${name}`, createdAt: middle, capabilities: ['read'] });
  }
  const sorted = await db.queryAgents({ name: 'SORTED', orderBy: 'name' });
  expect(sorted.map(({ id }) => id)).toEqual(['named-Z', 'named-b', 'named-é']);
  expect(await db.queryAgents({ capabilities: ['read'], name: 'sorted', limit: 10 })).toHaveLength(3);
  await expectError('ALREADY_EXISTS', () => createAgent(db, { id: 'a' }));
  await expectError('REFERENCE_NOT_FOUND', () => db.createAgent(agentInput({ certificateId: 'nobody' })));
  await expectError('STILL_REFERENCED', () => db.certificates.delete('c'));
  await db.events.recordMany(times.map((time, index) => eventInput({ id: `e${index}`, timestamp: new Date(time) })));
  await db.recordSecurityEvent(eventInput({ id: 'e3', timestamp: middle, metadata: { ratio: 1 / 3 } }));
  expect((await db.querySecurityEvents({})).map(({ id, timestamp }) => [id, timestamp])).toEqual([
    ['e2', last],
    ['e1', middle],
    ['e3', middle],
    ['e0', first],
  ]);
  await db.events.markMitigated('e1', { applied: true, details: 'Blocked' });
  await db.transaction(async (tx) => {
    expect(await tx.deleteAgent('named-b')).toBe(true);
    await tx.certificates.updateStatus('c', 'SUSPENDED');
  });
  expect(await db.events.verify()).toMatchObject({ valid: true });
  const feed = await db.changes();
  expect(feed.at(-1)).toMatchObject({ entity: 'certificate', id: 'c', kind: 'UPDATED' });
  expect(feed.at(-1)?.changedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(await db.check()).toMatchObject({ ok: true, findings: [] });
}

describe('settings of the role or the database', () => {
  test('settings of the role or the database do not change the results of calls', async () => {
    await expectUsualAnswers(await openWith(hostileSettings));
  });

  test.each([
    ['local', 'local'],
    ['remote_write', 'remote_write'],
    ['remote_apply', 'remote_apply'],
    ['off', 'on'],
  ])('a role can set synchronous_commit to any value except off: %s becomes %s', async (given, value) => {
    expect(await settingOf(await openWith([['synchronous_commit', given]]), 'synchronous_commit')).toBe(value);
  });

  test('synchronous_commit = off in the URL overrides the setting of the role, and a warning is logged', async () => {
    const { logger, warnings } = collectLog();
    const url = `${await newDatabaseUrl()}?options=-c%20synchronous_commit%3Doff`;
    const database = await openTestDatabase({ url, logger });
    spoilDatabase(url);
    expect(await settingOf(database, 'synchronous_commit')).toBe('off');
    expect(warnings).toContainEqual(expect.stringContaining('synchronous_commit is off'));
  });

  test('initialize refuses a role that disables foreign keys and may not reset session_replication_role', async () => {
    const url = await newDatabaseUrl();
    const roleUrl = await createRole(
      url,
      (role) =>
        `ALTER ROLE ${role} SET session_replication_role = replica; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    const error = await expectError('INVALID_OPTIONS', () => openTestDatabase({ url: roleUrl }));
    expect(error.message).toContain('session_replication_role');
    expect(error.retryable).toBe(false);
  });

  test('writes fail with READ_ONLY and reads succeed when a setting makes transactions read-only', async () => {
    const { db } = await openWith([['default_transaction_read_only', 'on']]);
    await expectError('READ_ONLY', () => db.createCertificate(certificateInput()));
    await expectError('READ_ONLY', () => db.transaction((tx) => tx.createCertificate(certificateInput())));
    expect(await db.queryAgents({})).toEqual([]);
    expect(await db.events.verify()).toMatchObject({ valid: true });
  });

  test('calls fail with BUSY when a setting of the role or the database limits the lock time', async () => {
    const { db, options } = await openWith([['lock_timeout', '50ms']], { retry: false });
    const { url } = options;
    await db.createCertificate(certificateInput({ id: 'c' }));
    await runRaw(url, "BEGIN; SELECT 1 FROM certificates WHERE id = 'c' FOR UPDATE");
    afterTest(async () => {
      await runRaw(url, 'ROLLBACK');
    });
    await expectError('BUSY', () => db.updateCertificateStatus('c', 'SUSPENDED'));
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DatabaseService } from '../../src';
import { createProgram } from '../../src/cli/program';
import { engine, onPostgresql } from '../support/engine';
import { createAgent, eventInput } from '../support/factories';
import { migrationNames } from '../support/migrations';
import { createRole } from '../support/postgresql-role';
import { allRawRows } from '../support/raw-reader';
import { changeRaw, changeRawUnchecked } from '../support/raw-writer';
import { describeOn, testOn } from '../support/skip';
import { openTestDatabase, temporaryDirectory, unmigratedDatabaseUrl } from '../support/test-database';
import { runCli, runJson } from './run-cli';

const secret = 'sEcr3t';
const unreachable = `postgresql://ans:${secret}@127.0.0.1:1/ans`;

/** Returns all commands that can be run, each with its full name. */
function commandsOf(parent: Command, prefix: readonly string[] = []): [name: string, command: Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const path = [...prefix, command.name()];
    return command.commands.length > 0 ? commandsOf(command, path) : [[path.join(' '), command]];
  });
}

describe('migrate', () => {
  test('migrate status and health exit with code 2 while migrations are pending, and migrate deploy applies each once', async () => {
    const url = await unmigratedDatabaseUrl();
    const surroundings = { env: { DATABASE_URL: url } };
    if (!onPostgresql) {
      const { exitCode, stderr } = await runCli(['migrate', 'status'], surroundings);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('does not exist') as string,
      });
      expect(existsSync(url.slice('file:'.length))).toBe(false);
      await using db = new DatabaseService({ url, migrations: 'skip' });
      await db.initialize();
    }
    expect(await runJson(['migrate', 'status'], surroundings)).toEqual({
      exitCode: 2,
      json: { isUpToDate: false, applied: [], pending: migrationNames, failed: [], unknown: [] },
    });
    const degraded = { status: 'degraded', pendingMigrations: migrationNames };
    expect(await runJson(['health'], surroundings)).toMatchObject({ exitCode: 2, json: degraded });
    const outdated = await runCli(['check'], surroundings);
    expect(outdated).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outdated.stderr).toMatch(/^ans-database: .*run npx ans-database migrate deploy.* \(SCHEMA_OUTDATED\)\n$/);

    expect(await runJson(['migrate', 'deploy'], surroundings)).toEqual({
      exitCode: 0,
      json: { applied: migrationNames },
    });
    expect(await runJson(['migrate', 'deploy', '--url', url])).toEqual({ exitCode: 0, json: { applied: [] } });
    const again = await runCli(['migrate', 'deploy', '--url', url]);
    expect(again).toMatchObject({ exitCode: 0, stdout: 'The schema is up to date.\n' });
    const { exitCode, stdout } = await runCli(['migrate', 'status', '--url', url], {
      env: { DATABASE_URL: unreachable },
    });
    const lines = [...migrationNames.map((name) => `applied\t${name}`), 'The schema is up to date.', ''];
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: lines.join('\n') });
  });

  test('migrate status reports failed migrations and migrations of a newer version', async () => {
    const { options } = await openTestDatabase();
    const [first, second] = migrationNames;
    await changeRaw({ options }, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${second}'`);
    const newer = '29990101000000_ans_newer';
    await changeRaw(
      { options },
      `UPDATE _prisma_migrations SET migration_name = '${newer}' WHERE migration_name = '${first}'`,
    );
    const json = { applied: [newer], pending: [first], failed: [second], unknown: [newer] };
    expect(await runJson(['migrate', 'status', '--url', options.url])).toMatchObject({ exitCode: 2, json });
    const { stdout } = await runCli(['migrate', 'status', '--url', options.url]);
    expect(stdout).toContain(`of a newer version\t${newer}\nfailed\t${second}\npending\t${first}\n`);
  });
});

test('check, health and events verify exit with code 0 for an undamaged database and with code 2 otherwise', async () => {
  const database = await openTestDatabase();
  await createAgent(database.db, { id: 'a1' });
  for (const id of ['e1', 'e2', 'e3']) await database.db.recordSecurityEvent(eventInput({ id }));
  const { url } = database.options;
  const [health, check, verify] = await Promise.all([
    runJson(['health', '--url', url]),
    runJson(['check', '--url', url]),
    runCli(['events', 'verify', '--url', url]),
  ]);
  expect(health).toMatchObject({ exitCode: 0, json: { status: 'up', engine } });
  expect(check).toMatchObject({ exitCode: 0, json: { ok: true, total: 0 } });
  const [, head = ''] = /^The chain is valid: 3 entries verified\.\nhead (3:[\da-f]{64})\n$/.exec(verify.stdout) ?? [];
  expect(await runCli(['events', 'verify', '--url', url, '--expect', head])).toMatchObject({ exitCode: 0 });

  await changeRawUnchecked(database, "UPDATE agents SET name_folded = 'x' WHERE id = 'a1'");
  await changeRawUnchecked(database, "UPDATE security_events SET description = 'x' WHERE id = 'e2'");
  const [damaged, listed, broken, cut] = await Promise.all([
    runJson(['check', '--url', url, '--max-findings', '1']),
    runCli(['check', '--url', url]),
    runCli(['events', 'verify', '--url', url]),
    runJson(['events', 'verify', '--url', url, '--expect', head.replace('3', '7')]),
  ]);
  expect(damaged).toMatchObject({ exitCode: 2, json: { ok: false, findings: [{}] } });
  expect(listed).toMatchObject({ exitCode: 2, stderr: '' });
  expect(listed.stdout).toMatch(/^derived-column\tagent a1\tnameFolded\t.+$/m);
  expect(listed.stdout).toMatch(/^event-chain\tsecurityEvent e2\t[^]*\d problems found\.\n$/m);
  expect(broken).toMatchObject({ exitCode: 2, stderr: '' });
  expect(broken.stdout).toBe('The chain is broken at entry 2, event e2: changed. 1 entry verified before.\n');
  expect(cut).toMatchObject({ exitCode: 2, json: { valid: false } });
});

testOn('postgresql', 'events verify reports entries that the database role may not append to the chain', async () => {
  const database = await openTestDatabase();
  await database.db.recordSecurityEvent(eventInput({ id: 'e1' }));
  await database.db.events.verify();
  const insert = 'INSERT ON security_events, security_event_metadata, security_event_pending_entries';
  const url = await createRole(database.options.url, (role) =>
    ['SELECT ON ALL TABLES IN SCHEMA public', insert, 'USAGE ON ALL SEQUENCES IN SCHEMA public']
      .map((privilege) => `GRANT ${privilege} TO ${role}`)
      .join(';'),
  );
  // While it is open, it may append the entries.
  await database.db.close();
  const { db } = await openTestDatabase({ url });
  await db.events.recordMany([eventInput({ id: 'e2' }), eventInput({ id: 'e3' })]);
  const { exitCode, stdout } = await runCli(['events', 'verify', '--url', url]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^The chain is valid: 1 entry verified\.\nhead 1:.+\n2 entries are pending: not in the chain/);
});

test('backup copies a SQLite database, but refuses an existing file and PostgreSQL', async () => {
  const database = await openTestDatabase();
  await createAgent(database.db);
  const path = join(temporaryDirectory(), 'copy.sqlite');
  const args = ['backup', path, '--url', database.options.url];
  const { exitCode, json } = await runJson(args);
  if (onPostgresql) {
    const message = expect.stringContaining('pg_dump') as string;
    expect({ exitCode, json }).toEqual({ exitCode: 1, json: { error: { code: 'INVALID_OPTIONS', message } } });
    expect(existsSync(path)).toBe(false);
    return;
  }
  expect({ exitCode, json }).toMatchObject({ exitCode: 0, json: { file: path } });
  expect(await allRawRows({ options: { url: `file:${path}` } })).toEqual(await allRawRows(database));
  expect(await runCli(args)).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining('(ALREADY_EXISTS)') as string,
  });
});

describeOn('sqlite', 'CLI errors', () => {
  test.each<[string, string[], RegExp, string]>([
    ['an unreachable server', ['check', '--url', unreachable], /the server cannot be reached/, 'UNAVAILABLE'],
    ['an invalid URL', ['check', '--url', `mysql://a:${secret}@b`], /--url must begin with file:/, 'INVALID_ARGUMENT'],
    ['a database in memory', ['check', '--url', ':memory:'], /--url must name a file or a server/, 'INVALID_ARGUMENT'],
    ['a missing file', ['check', '--url', 'file:./missing.sqlite'], /missing\.sqlite does not exist; npx/, 'NOT_FOUND'],
    ['an unknown command', [unreachable], /unknown command 'postgresql:\/\/…'/, 'INVALID_ARGUMENT'],
    ['an unknown option', ['check', `--ulr=${unreachable}`], /unknown option '--ulr'/, 'INVALID_ARGUMENT'],
    ['a URL in the wrong place', ['check', unreachable], /too many arguments/, 'INVALID_ARGUMENT'],
    ['an invalid head', ['events', 'verify', '--expect', unreachable], /must be a sequence number/, 'INVALID_ARGUMENT'],
    ['a missing argument', ['backup'], /missing required argument 'file'/, 'INVALID_ARGUMENT'],
    ['an unknown kind of project', ['init'], /specify the kind of project: --prisma/, 'INVALID_ARGUMENT'],
  ])(
    'a CLI error is one line without secrets, with the exit code 1 and a code in --json: %s',
    async (_, args, message, code) => {
      const { exitCode, stdout, stderr } = await runCli([...args, '--json']);
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toEqual({ error: { code, message: expect.stringMatching(message) as string } });
      expect(stderr).toMatch(/^ans-database: [^\n]+\n(?:\(Did you mean[^\n]+\n)?$/);
      expect(stderr).toMatch(message);
      expect(stdout + stderr).not.toContain(secret);
    },
  );

  test('the command health reports the status down when the database is not reachable', async () => {
    const { exitCode, json } = await runJson(['health', '--url', unreachable]);
    expect({ exitCode, json }).toMatchObject({ exitCode: 1, json: { status: 'down', code: 'UNAVAILABLE' } });
  });
});

describe('help', () => {
  test.each(commandsOf(createProgram()))(
    'the help of %s shows an example and warns of a password in a URL',
    (_, command) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      const text = help.replaceAll(/\s+/g, ' ');
      expect(text).toContain('Examples: $ ');
      expect(text).toMatch(/Other users of the machine can see a password in an argument/);
      expect(text).toContain('DATABASE_URL');
    },
  );

  testOn(
    'sqlite',
    'the help lists all commands and exit codes, and a call without a command prints the help',
    async () => {
      const [help, bare] = await Promise.all([runCli(['--help']), runCli([])]);
      expect(help).toMatchObject({ exitCode: 0, stderr: '' });
      const listed = ['migrate', 'check', 'health', 'events', 'maintain', 'backup', 'move', 'studio', 'init'];
      for (const name of listed) expect(help.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
      expect(help.stdout).toContain('Exit codes: 0 ');
      expect(bare).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('Usage: ') as string });
    },
  );
});

describe('maintain', () => {
  test('maintain runs the tasks that the options name and prints their results', async () => {
    const { db, options } = await openTestDatabase();
    await createAgent(db, { expiresAt: new Date(0) });
    await db.recordSecurityEvent(eventInput({ timestamp: new Date(0) }));
    const run = ['maintain', '--url', options.url];
    const { exitCode, stdout } = await runCli([...run, '--expire', '--prune-events', '1', '--optimize']);
    const lines = ['expired agents\t1', 'expired certificates\t0', 'pruned events\t1', 'optimized\tyes', ''];
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: lines.join('\n') });
    expect(await runJson([...run, '--expire', '--prune-changes', '7', '--checkpoint'])).toMatchObject({
      exitCode: 0,
      json: { agentsExpired: 0, changesPruned: 0, eventsPruned: 0, checkpointed: !onPostgresql, optimized: false },
    });
  });

  test.each<[string, string[], RegExp]>([
    ['no task', [], /no task: pass at least one of --expire/],
    ['days that are no integer', ['--prune-changes', 'week'], /must be an integer from 0 to/],
  ])('maintain refuses %s', async (_, args, message) => {
    const { options } = await openTestDatabase();
    const { exitCode, json } = await runJson(['maintain', '--url', options.url, ...args]);
    expect({ exitCode, json }).toMatchObject({ exitCode: 1, json: { error: { code: 'INVALID_ARGUMENT' } } });
    expect(JSON.stringify(json)).toMatch(message);
  });
});

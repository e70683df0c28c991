import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent, eventInput } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { newDatabaseUrl, openTestDatabase, temporaryDirectory, type TestDatabase } from '../support/test-database';
import { demoPem } from '../support/demo-certificates';
import { runCli, runJson } from './run-cli';

const server = { name: 'io.example/a', version: '1.0.0', remotes: [{ type: 'sse', url: 'https://a.example/' }] };

function write(name: string, text: string): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

async function openFilled(): Promise<TestDatabase> {
  const source = await openTestDatabase();
  await createAgent(source.db, { id: 'a1' });
  await source.db.recordSecurityEvent(eventInput({ id: 'e1' }));
  await source.db.close();
  return source;
}

test('export writes to the standard output or to a new file, and import reads both forms', async () => {
  const { options } = await openFilled();
  const path = join(temporaryDirectory(), 'all.ndjson');
  const printed = await runCli(['export', '--url', options.url]);
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' });
  const { exitCode, json } = await runJson(['export', path, '--url', options.url]);
  const sha256 = expect.stringMatching(/^[\da-f]{64}$/) as string;
  expect({ exitCode, json }).toMatchObject({ exitCode: 0, json: { file: path, rows: { agents: 1 }, sha256 } });
  expect(readFileSync(path, 'utf8')).toBe(printed.stdout);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await runJson(['export', path, '--url', options.url])).toMatchObject({
    exitCode: 1,
    json: { error: { code: 'ALREADY_EXISTS' } },
  });
  expect(await runJson(['export', '--url', options.url])).toMatchObject({ exitCode: 1, json: { error: {} } });

  const target = `file:${join(temporaryDirectory(), 'copy.sqlite')}`;
  const dryRun = await runJson(['import', path, '--dry-run', '--url', target]);
  expect(dryRun).toMatchObject({ exitCode: 0, json: { format: 'export', dryRun: true, rows: { agents: 1 } } });
  expect(existsSync(target.slice('file:'.length))).toBe(false);
  for (const [url, args, input] of [
    [target, [path], ''],
    [await newDatabaseUrl(), ['-'], printed.stdout],
  ] as const) {
    const imported = await runJson(['import', ...args, '--url', url], { input });
    expect(imported).toMatchObject({ exitCode: 0, json: { format: 'export', rows: { agents: 1 }, dryRun: false } });
    expect((await runCli(['export', '--url', url])).stdout).toBe(printed.stdout);
    const before = await allRawRows({ options: { url } });
    const again = await runJson(['import', path, '--url', url]);
    expect(again).toMatchObject({ exitCode: 1, json: { error: { code: 'NOT_MOVED' } } });
    expect(JSON.stringify(again.json)).toMatch(/is not empty: .*; nothing was written/);
    expect(await allRawRows({ options: { url } })).toEqual(before);
  }
});

describe('import of documents', () => {
  test('import registers each document once, and writes nothing in a dry run', async () => {
    const database = await openTestDatabase();
    const pem = write('agent.pem', demoPem);
    const file = write('servers.ndjson', `\uFEFF${JSON.stringify(server)}\r\n\r\n`);
    const args = ['import', file, '--certificate', pem, '--owner', 'a\tb\u001b[31m', '--url', database.options.url];
    const before = await allRawRows(database);
    const dryRun = await runCli([...args, '--dry-run']);
    const line = 'created\ta b [31m\tio.example/a\t1.0.0';
    expect(dryRun).toMatchObject({ exitCode: 0, stderr: '' });
    expect(dryRun.stdout).toBe(`${line}\n1 agent would be created, 0 updated, 0 unchanged\n`);
    expect(await allRawRows(database)).toEqual(before);
    expect(await runJson(args)).toMatchObject({ exitCode: 0, json: { created: 1, unchanged: 0, dryRun: false } });
    expect(await database.db.queryAgents({ owner: 'a\tb\u001b[31m' })).toHaveLength(1);
    const registered = await allRawRows(database);
    expect(await runJson(args)).toMatchObject({ exitCode: 0, json: { created: 0, updated: 0, unchanged: 1 } });
    const mixed = write('mixed.ndjson', `${JSON.stringify(server)}\n{"name":"no version"}\n`);
    const skipping = args.map((argument) => (argument === file ? mixed : argument));
    const refused = await runJson(skipping);
    expect(refused).toMatchObject({ exitCode: 1, json: { error: { code: 'INVALID_ARGUMENT' } } });
    expect(JSON.stringify(refused.json)).toMatch(/line 2: .*nothing was written/);
    const skipped = await runJson([...skipping, '--skip-invalid']);
    expect(skipped).toMatchObject({ exitCode: 2, json: { unchanged: 1, invalid: 1, problems: [{ place: 'line 2' }] } });
    expect(await allRawRows(database)).toEqual(registered);
  });

  test.each<[title: string, text: string | Buffer | undefined, args: string[], code: string, message: RegExp]>([
    ['an empty file', '', [], 'INVALID_ARGUMENT', /the file is empty/],
    ['text in UTF-16', Buffer.from(JSON.stringify([server]), 'utf16le'), [], 'INVALID_ARGUMENT', /UTF-8/],
    ['bytes that are not UTF-8', Buffer.from('["\xff"]', 'latin1'), [], 'INVALID_ARGUMENT', /UTF-8/],
    ['documents as an export', JSON.stringify(server), ['--format', 'export'], 'INVALID_ARGUMENT', /not an export/],
    ['a missing file', undefined, [], 'NOT_FOUND', /not a readable file/],
  ])('import refuses %s', async (_, text, args, code, message) => {
    const { options } = await openTestDatabase();
    const path = join(temporaryDirectory(), 'input');
    if (text !== undefined) writeFileSync(path, text);
    const { exitCode, json } = await runJson(['import', path, ...args, '--url', options.url]);
    expect({ exitCode, json }).toMatchObject({ exitCode: 1, json: { error: { code } } });
    expect(JSON.stringify(json)).toMatch(message);
  });
});

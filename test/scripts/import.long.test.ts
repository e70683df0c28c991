import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allRawRows, rawCounts, rawRows } from '../support/raw-reader';
import { describeWithSharedData } from '../support/shared-data';
import { temporaryDirectory } from '../support/test-database';
import { packageRoot } from '../support/prisma-cli';
import type { ProcessResult } from '../support/run-process';
import { runScript } from './run-script';

const agent = {
  source: 'test-registry',
  name: 'example/agent',
  version: '1.2.3',
  description: 'Looks things up',
  owner: 'example',
  endpoints: [{ protocol: 'mcp', address: 'https://a.example/mcp', port: 443, portStated: false, role: 'remote' }],
  capabilities: ['search', ''],
  metadata: { stars: 5, nested: { deep: [true, null] } },
};

const template = { protocol: 'mcp', address: 'http://localhost:{port}/mcp' };
const bare = { source: 'test-registry', name: 'bare', endpoints: [template], capabilities: [], metadata: {} };

const lines: readonly (string | Buffer)[] = [
  JSON.stringify(agent),
  JSON.stringify({ ...agent, description: 'The same version, published again' }),
  JSON.stringify(bare),
  '',
  '{"source": "test-registry", "name": ',
  JSON.stringify({ ...agent, name: '' }),
  JSON.stringify({ ...agent, endpoints: [{ ...agent.endpoints[0], port: 70_000 }] }),
  // The first line with its fields in another order.
  JSON.stringify(Object.fromEntries(Object.entries(agent).reverse())),
  Buffer.from([0x22, 0xff, 0x22]),
  '[1, 2]',
  JSON.stringify({ subject: 'CN=neither' }),
  JSON.stringify({ ...bare, name: 'separators \u2028 within', capabilities: 'none' }),
  JSON.stringify({ ...bare, name: 'last \u2028 line' }),
];

class Import {
  readonly directory = temporaryDirectory();
  readonly options = { url: `file:${join(this.directory, 'test.sqlite')}` };
  readonly file = join(this.directory, 'agents.jsonl');

  constructor() {
    writeFileSync(this.file, Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
  }

  run(...args: readonly string[]): Promise<ProcessResult> {
    return runScript('import.ts', [this.file, '--url', this.options.url, ...args]);
  }

  rows(): Promise<unknown> {
    return allRawRows(this);
  }
}

describe('npm run import', () => {
  test('npm run import imports the valid lines and reports why the other lines are refused', async () => {
    const imported = new Import();
    const { exitCode, stdout } = await imported.run();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^12 rows in /);
    expect(stdout).toContain('imported  4 agents, 0 certificates');
    expect(stdout).toContain('existing  1');
    expect(stdout).toContain('refused   7');
    expect(stdout).toMatch(/is not valid JSON: line 5$/m);
    expect(stdout).toMatch(/name must not be empty: line 6$/m);
    expect(stdout).toMatch(/port .*: line 7$/m);
    expect(stdout).toMatch(/is not valid UTF-8: line 9$/m);
    expect(stdout).toMatch(/is not a JSON object: line 10$/m);
    expect(stdout).toMatch(/is neither an agent nor a certificate: line 11$/m);
    expect(stdout).toMatch(/capabilities must be an array: line 12$/m);
    expect(stdout).toContain('2 endpoints without a port');
    expect(stdout).toMatch(/^ {2}4 agents: 4 ACTIVE\n {2}1 certificate: 1 SUSPENDED\n {2}0 security events$/m);
    expect(await rawCounts(imported)).toMatchObject({ agents: 4, endpoints: 2, certificates: 1 });
  });

  test('npm run import completes missing fields and records this in the metadata', async () => {
    const imported = new Import();
    await imported.run();
    const [stored] = (await rawRows(imported, 'agents')).filter(({ name }) => name === 'bare');
    expect(stored).toMatchObject({ version: '0.0.0', owner: 'test-registry', status: 'ACTIVE' });
    const metadata = (await rawRows(imported, 'agent_metadata')).filter(({ agent_id }) => agent_id === stored?.['id']);
    expect(Object.fromEntries(metadata.map(({ key, value }) => [key, JSON.parse(String(value)) as unknown]))).toEqual({
      'import.source': 'test-registry',
      'import.versionStated': false,
      'import.ownerStated': false,
      'import.endpointsWithoutPort': [template],
    });
    expect(await rawRows(imported, 'certificates')).toMatchObject([{ status: 'SUSPENDED' }]);
  });

  test('npm run import changes nothing when it runs again with another batch size', async () => {
    const imported = new Import();
    await imported.run('--batch', '2');
    const rows = await imported.rows();
    const { exitCode, stdout } = await imported.run();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('imported  0 agents, 0 certificates');
    expect(stdout).toContain('existing  5');
    expect(await imported.rows()).toEqual(rows);
  });

  test.each([
    [['missing.jsonl'], /^import: missing\.jsonl is not a readable file\n$/],
    [['src'], /^import: src is not a readable file\n$/],
    [[], /^import: specify one file to import; see --help\n$/],
    [['package.json', '--batch', '0'], /^import: --batch must be .+\n$/],
    [['package.json', '--colour'], /^import: Unknown option '--colour'.*\n$/],
    [['package.json', '--url', 'file:./missing/test.sqlite'], /^import: Failed to initialize database: .+\n$/],
  ])('npm run import fails with one line and exit code 1 for the arguments %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runScript('import.ts', args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('npm run import -- --help prints the usage', async () => {
    const { exitCode, stdout } = await runScript('import.ts', ['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run import -- FILE\.jsonl/);
  });
});

describeWithSharedData('npm run import of public data', () => {
  const importShared = (name: string, url: string): Promise<ProcessResult> =>
    runScript('import.ts', [join(packageRoot, '../shared/data', name), '--url', url]);

  test('npm run import of public data imports all certificates and every agent with a name', async () => {
    const url = `file:${join(temporaryDirectory(), 'test.sqlite')}`;
    expect((await importShared('agents.jsonl', url)).stdout).toMatch(/imported +4,367 agents[^]+refused +0$/m);
    expect((await importShared('certificates.jsonl', url)).stdout).toMatch(/66 certificates[^]+refused +0$/m);
    expect((await importShared('agents-invalid.jsonl', url)).stdout).toMatch(
      /name must not be empty: lines 1, 2, 3, 4$/m,
    );
    expect(await rawCounts({ options: { url } })).toMatchObject({ agents: 4367, endpoints: 837 });
    expect((await importShared('agents.jsonl', url)).stdout).toMatch(/imported +0 agents[^]+existing +4,367$/m);
  });
});

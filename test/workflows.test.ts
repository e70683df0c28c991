import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(__dirname, '..');

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly 'timeout-minutes': number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly services?: Readonly<Record<string, object>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly number[]>> };
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

function filesOf(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.yml'));
  return names.map((name) => join(folder, name));
}

/** Parses a file that this repository contains; the tests check what they use of it. */
function read(path: string): unknown {
  return parse(readFileSync(join(root, path), 'utf8'), { strict: true, uniqueKeys: true });
}

const workflows = filesOf('.github/workflows').map((path) => read(path) as Workflow);
const jobs = workflows.flatMap((workflow) => Object.values(workflow.jobs));
const steps = jobs.flatMap((job) => job.steps);
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };

describe('the workflows', () => {
  test('the GitHub workflows run only scripts that package.json has', () => {
    const names = steps.flatMap(({ run = '' }) => [...run.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name]) => name));
    expect(names).toEqual(expect.arrayContaining(['ci', 'lint', 'typecheck', 'test', 'test:postgresql', 'publish']));
    const ownCommands = new Set(['ci', 'publish']);
    expect(names.filter((name = '') => !ownCommands.has(name) && !(name in scripts))).toEqual([]);
  });

  test('the GitHub workflows have only read permissions, except for the proof of origin of a release', () => {
    expect(workflows.map(({ permissions }) => permissions)).toEqual(workflows.map(() => ({ contents: 'read' })));
    const granted = jobs.flatMap(({ permissions }) => (permissions === undefined ? [] : [permissions]));
    expect(granted).toEqual([{ contents: 'read', 'id-token': 'write' }]);
  });

  test('the GitHub workflows use actions by their major version and end after a time limit', () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.filter((name) => !/^actions\/(?:checkout|setup-node)@v\d+$/.test(name))).toEqual([]);
    expect(jobs.filter((job) => !(job['timeout-minutes'] > 0))).toEqual([]);
  });

  test('the GitHub workflows test all supported versions of Node.js and PostgreSQL', () => {
    const matrix = Object.assign({}, ...jobs.map(({ strategy }) => strategy?.matrix)) as object;
    expect(matrix).toEqual({ node: [20, 22, 24, 26], postgresql: [14, 15, 16, 17, 18] });
    const server = jobs.find(({ services }) => services !== undefined);
    expect(Object.keys(server?.env ?? {})).toEqual(['TEST_POSTGRESQL_URL']);
  });
});

test('the issue forms have a name, a description, and fields with unique ids', () => {
  const forms = filesOf('.github/ISSUE_TEMPLATE').filter((path) => !path.endsWith('config.yml'));
  expect(forms.length).toBeGreaterThan(1);
  for (const path of forms) {
    const form = read(path) as { name: string; description: string; body: { type: string; id?: string }[] };
    expect(form).toMatchObject({ name: expect.any(String) as string, description: expect.any(String) as string });
    const ids = form.body.filter(({ type }) => type !== 'markdown').map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids.filter((id) => id !== undefined))]);
  }
});

test('the configuration of Dependabot covers the package and its examples', () => {
  const { updates } = read('.github/dependabot.yml') as { updates: { 'package-ecosystem': string }[] };
  expect(updates.map((update) => update['package-ecosystem'])).toEqual(['npm', 'github-actions']);
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPostgresql } from '../support/engine';
import { describeUnless } from '../support/skip';
import { unmigratedDatabaseUrl } from '../support/test-database';
import {
  addBinary,
  installWithNpm,
  packPackage,
  remove,
  run,
  tarballIn,
  whyNoRegistry,
} from '../support/packed-package';
import { createApplication } from './application';

jest.setTimeout(300_000);

const packages = ['@prisma/client', '@prisma/adapter-pg', '@prisma/driver-adapter-utils'];

describeUnless(whyNoRegistry(), "the application's own Prisma", () => {
  let directory = '';
  beforeAll(() => (directory = packPackage()));
  afterAll(() => remove(directory));

  test.each([
    ['7.10.0', 'the oldest version'],
    ['7', 'the newest version 7'],
  ])('the application and the package share one copy of Prisma: Prisma %s, %s', async (version) => {
    const application = createApplication(directory, `with-${version}`);
    installWithNpm(application, tarballIn(directory), ...packages.map((name) => `${name}@${version}`));
    addBinary(join(application, 'node_modules/better-sqlite3'));
    const installed = readdirSync(join(application, 'node_modules'), { recursive: true, encoding: 'utf8' });
    for (const name of packages) {
      const copies = installed.filter((path) => path.endsWith(join(name, 'package.json')));
      expect(copies).toEqual([join(name, 'package.json')]);
      const text = readFileSync(join(application, 'node_modules', name, 'package.json'), 'utf8');
      expect((JSON.parse(text) as { version: string }).version).toMatch(version === '7' ? /^7\./ : version);
    }
    const urls = onPostgresql ? { postgresql: await unmigratedDatabaseUrl() } : { memory: ':memory:' };
    const program = `import { run } from './run.mjs';\nprocess.stdout.write(await run('.', ${JSON.stringify(urls)}));`;
    writeFileSync(join(application, 'versions.mjs'), program);
    const output = run(process.execPath, ['versions.mjs'], { cwd: application });
    expect(output).toBe(`${onPostgresql ? 'postgresql' : 'memory'}: a 1 1\n`);
  });
});

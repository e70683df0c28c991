import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrationNames, readHistoryRows } from '../support/migrations';
import { packageRoot } from '../support/prisma-cli';
import { unmigratedDatabaseUrl } from '../support/test-database';

test('ten processes that migrate an empty database at the same time apply each migration once', async () => {
  const url = await unmigratedDatabaseUrl();
  const program = join(packageRoot, 'test/support/apply-migrations-to.ts');
  const start = () => promisify(execFile)(process.execPath, ['--import', 'tsx', program, url], { cwd: packageRoot });

  const outputs = await Promise.all(Array.from({ length: 10 }, start));

  const results = outputs.map(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(results.flat()).toEqual(migrationNames);
  expect((await readHistoryRows(url)).map((row) => row['migration_name'])).toEqual(migrationNames);
});

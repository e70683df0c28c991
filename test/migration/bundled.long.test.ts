import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { migrationNames } from '../support/migrations';
import { packageRoot } from '../support/prisma-cli';
import { temporaryDirectory } from '../support/test-database';

test('a bundled application does not apply the migrations in its own folder, only the embedded ones', () => {
  const directory = temporaryDirectory();
  const ownFolder = join(directory, 'prisma/migrations/20200101000000_trap');
  mkdirSync(ownFolder, { recursive: true });
  writeFileSync(join(ownFolder, 'migration.sql'), 'CREATE TABLE trap (id INTEGER);');
  // A bundler cannot embed the native part of the driver.
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(join(packageRoot, 'node_modules/better-sqlite3'), join(directory, 'node_modules/better-sqlite3'));
  const program = `
    const { DatabaseService } = require('${join(packageRoot, 'src')}');
    (async () => {
      const db = new DatabaseService({ url: 'file:./bundled.sqlite', onEvent: (event) => {
        if (event.type === 'migration') console.log(JSON.stringify(event.applied));
      } });
      await db.initialize();
      await db.close();
    })();`;
  buildSync({
    stdin: { contents: program, resolveDir: packageRoot },
    outfile: join(directory, 'bundle.cjs'),
    bundle: true,
    platform: 'node',
    external: ['better-sqlite3'],
    logLevel: 'error',
  });

  const output = execFileSync(process.execPath, ['bundle.cjs'], { cwd: directory, encoding: 'utf8' });

  expect(JSON.parse(output)).toEqual(migrationNames);
});

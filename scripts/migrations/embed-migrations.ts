import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** Generated module that embeds the migrations of one engine. */
export interface EmbeddedModule {
  /** Path of the generated module. */
  readonly path: string;
  readonly text: string;
}

/** Returns the modules that embed the migrations of both engines. */
export function embedMigrations(): EmbeddedModule[] {
  return [toModule('sqlite', 'prisma/migrations'), toModule('postgresql', 'prisma/postgresql/migrations')];
}

function toModule(engine: string, folder: string): EmbeddedModule {
  const names = readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const lines = names.sort().flatMap((name) => {
    // Restores the line ends of the original file, whose checksum is needed: Git may have changed them at checkout.
    const sql = readFileSync(join(root, folder, name, 'migration.sql'), 'utf8').replaceAll('\r\n', '\n');
    const checksum = createHash('sha256').update(sql).digest('hex');
    return ['  {', `    name: '${name}',`, `    checksum: '${checksum}',`, `    sql: ${JSON.stringify(sql)},`, '  },'];
  });
  const text = [
    `// Generated from ${folder} by \`npm run generate\`. Do not edit.`,
    `import type { Migration } from '../migration';`,
    '',
    `/** All migrations of this package for the engine, oldest first. */`,
    `export const ${engine}Migrations: readonly Migration[] = [`,
    ...lines,
    '];',
    '',
  ].join('\n');
  return { path: join(root, 'src/migrations/embedded', `${engine}.ts`), text };
}

import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const root = resolve(__dirname, '../..');
const source = 'src/engines/sqlite/driver/node-sqlite-connection.ts';

/** Generated module that embeds the SQLite driver for threads. */
export interface EmbeddedDriver {
  /** Path of the generated module. */
  readonly path: string;
  readonly text: string;
}

/** Returns the module that embeds the driver `node:sqlite` as source text. */
export function embedDriver(): EmbeddedDriver {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [source],
    bundle: true,
    format: 'iife',
    globalName: 'NodeSqlite',
    platform: 'node',
    target: 'node22',
    write: false,
  });
  const program = outputFiles[0]?.text ?? '';
  const text = [
    `// Generated from ${source} by \`npm run generate\`. Do not edit.`,
    '',
    '/** Source text for a thread. It declares the object `NodeSqlite` with the class `NodeSqliteConnection`. */',
    `export const nodeSqliteSource = ${JSON.stringify(program)};`,
    '',
  ].join('\n');
  return { path: join(root, 'src/engines/sqlite/driver/embedded/node-sqlite.ts'), text };
}

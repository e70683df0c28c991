import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const dist = join(__dirname, '../../dist');

/** Returns the declaration files that a declaration file imports, directly or through others. */
function declarationsFrom(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file) || !existsSync(file)) return found;
  found.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)'/g)) {
    declarationsFrom(join(dirname(file), `${specifier.replace(/\.js$/, '')}.d.ts`), found);
  }
  return found;
}

test('the main entry point has types that refer neither to Prisma nor to a driver', () => {
  const declarations = [...declarationsFrom(join(dist, 'index.d.ts'))];
  expect(declarations.length).toBeGreaterThan(20);
  const knowing = declarations.filter((file) =>
    /@prisma|generated\/prisma|from 'better-sqlite3'|from 'pg'/.test(readFileSync(file, 'utf8')),
  );
  expect(knowing.map((file) => file.slice(dist.length))).toEqual([]);
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A migration that comes with this package. */
export interface ShippedMigration {
  /** The name of its folder: when it was made, and what for. */
  readonly name: string;
  readonly sql: string;
}

/** The migrations of this package, oldest first. */
export function readShippedMigrations(): ShippedMigration[] {
  const folder = findMigrationsFolder(__dirname);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** In the root of the package, which is further up from the compiled file than from its source. */
function findMigrationsFolder(directory: string): string {
  const folder = join(directory, 'prisma', 'migrations');
  if (existsSync(folder)) return folder;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('The migrations of this package are missing');
  return findMigrationsFolder(parent);
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A migration that comes with this package. */
export interface ShippedMigration {
  /** The name of its folder: when it was made, and what for. */
  readonly name: string;
  readonly sql: string;
}

/** The kinds of databases that this package has migrations for: Prisma's names of their providers. */
export type MigrationProvider = 'sqlite' | 'postgresql';

const folders: Readonly<Record<MigrationProvider, string>> = {
  sqlite: join('prisma', 'migrations'),
  postgresql: join('prisma', 'postgresql', 'migrations'),
};

/** The migrations of this package for one kind of database, oldest first. */
export function readShippedMigrations(provider: MigrationProvider): ShippedMigration[] {
  const folder = findFolder(__dirname, folders[provider]);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** In the root of the package, which is further up from the compiled file than from its source. */
function findFolder(directory: string, name: string): string {
  const folder = join(directory, name);
  if (existsSync(folder)) return folder;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('The migrations of this package are missing');
  return findFolder(parent, name);
}

import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineName } from '../storage/engine';
import { prismaFilesOf } from './package-files';

const lockFile = 'migration_lock.toml';
const script = 'migration.sql';

/** Result of {@link copyMigrations}: names of migrations of this package. */
export interface CopiedMigrations {
  readonly copied: readonly string[];
  /** Names of the migrations that the folder already contains. */
  readonly unchanged: readonly string[];
  /** Names of the migrations that exist in the folder with other content. Their files stay unchanged. */
  readonly different: readonly string[];
}

/**
 * Copies this package's migrations for an engine into the migrations folder of an application. Never overwrites a file.
 * Copies nothing when a migration in the folder has other content.
 */
export async function copyMigrations(engine: EngineName, folder: string): Promise<CopiedMigrations> {
  const source = prismaFilesOf(engine).migrations;
  const entries = await readdir(source, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const texts = await Promise.all(
    names.sort().map(async (name) => ({
      name,
      own: await readFile(join(source, name, script), 'utf8'),
      present: await readIfPresent(join(folder, name, script)),
    })),
  );
  const pick = (matches: (text: (typeof texts)[number]) => boolean): string[] =>
    texts.filter(matches).map(({ name }) => name);
  const different = pick(({ own, present }) => present !== undefined && present !== own);
  const unchanged = pick(({ own, present }) => present === own);
  if (different.length > 0) return { copied: [], unchanged, different };
  const copied = pick(({ present }) => present === undefined);
  await mkdir(folder, { recursive: true });
  for (const name of copied) await cp(join(source, name), join(folder, name), { recursive: true });
  if ((await readIfPresent(join(folder, lockFile))) === undefined) {
    await writeFile(join(folder, lockFile), await readFile(join(source, lockFile)));
  }
  return { copied, unchanged, different };
}

/**
 * Returns the database provider that the file `migration_lock.toml` of a migrations folder names; undefined without
 * this file.
 */
export async function readLockedProvider(folder: string): Promise<string | undefined> {
  const text = await readIfPresent(join(folder, lockFile));
  return text === undefined ? undefined : (/^provider\s*=\s*"([^"]*)"/m.exec(text)?.[1] ?? 'unknown');
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

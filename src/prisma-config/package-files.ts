import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '../storage/engine';

/**
 * Folder of the Prisma schemas and the migrations. Its path relative to this file is the same for the sources and for
 * the build.
 */
const prismaFolder = join(__dirname, '../../prisma');

/** Paths of a Prisma schema and of the folder with its migrations. */
export interface PrismaFiles {
  readonly schema: string;
  readonly migrations: string;
}

/** Returns the paths of this package's Prisma files for an engine. */
export function prismaFilesOf(engine: EngineName): PrismaFiles {
  const folder = engine === 'postgresql' ? join(prismaFolder, 'postgresql') : prismaFolder;
  return { schema: join(folder, 'schema.prisma'), migrations: join(folder, 'migrations') };
}

/** Names of the tables and of the native enumerations that a Prisma schema declares. */
export interface DeclaredNames {
  readonly tables: readonly string[];
  readonly enums: readonly string[];
}

/** Reads the names of the tables and enumerations from the Prisma schema of an engine. */
export function readDeclaredNames(engine: EngineName): DeclaredNames {
  const text = readFileSync(prismaFilesOf(engine).schema, 'utf8');
  return {
    tables: namesIn(text, /^ *@@map\("(\w+)"\)/gm),
    // The schema for SQLite declares no enumerations: Prisma stores their values as text.
    enums: engine === 'postgresql' ? namesIn(text, /^enum (\w+) \{/gm) : [],
  };
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

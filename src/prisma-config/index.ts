import { Failure } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import { parseDatabaseUrl } from '../options/database-url';
import { defaultUrl } from '../options/default-url';
import type { EngineName } from '../storage/engine';
import { prismaFilesOf, readDeclaredNames } from './package-files';
import { normaliseDatabaseUrl } from './prisma-url';

/**
 * Options of {@link prismaConfig}.
 *
 * @example
 * ```ts
 * const options: PrismaConfigOptions = { url: 'postgresql://localhost/directory' };
 * const { schema } = prismaConfig(options);
 * ```
 */
export interface PrismaConfigOptions {
  /**
   * URL of the database, as in the option `url` of a `DatabaseService`: `file:` and a path, relative to the working
   * directory, or `postgresql://…`.
   *
   * @defaultValue `file:./ans_database.sqlite`
   */
  url?: string | undefined;
  /**
   * URL of an empty PostgreSQL database (shadow database), in which `prisma migrate dev` replays the migrations.
   *
   * @defaultValue Prisma creates a database and drops it
   */
  shadowDatabaseUrl?: string | undefined;
}

/** Configuration of Prisma's command line, for `defineConfig` of `prisma/config`. */
export interface PrismaConfiguration {
  /** Absolute path of this package's Prisma schema for the engine. */
  readonly schema: string;
  /** Absolute path of the folder with this package's migrations for the engine. */
  readonly migrations: { readonly path: string };
  readonly datasource: { readonly url: string; readonly shadowDatabaseUrl?: string };
  readonly experimental: { readonly externalTables: true };
  /** Names of the tables that the migrations create but Prisma's schema language cannot describe. */
  readonly tables: { external: string[] };
}

/**
 * Tables of SQLite's search index, including the internal tables of FTS5. Prisma's schema language cannot describe
 * them. Prisma Migrate does not report external tables as drift.
 */
const searchTables = ['', '_search', '_search_config', '_search_data', '_search_idx'].map(
  (part) => `agent_names${part}`,
);

/**
 * Returns the configuration with which Prisma's command line works on the tables of this package: `prisma migrate
 * deploy`, `prisma migrate status` and `prisma studio`. See {@link externalTables} if the application has its own
 * schema in the same database.
 *
 * @throws INVALID_OPTIONS when Prisma's command line cannot open a database with this URL, such as `:memory:`.
 * @example
 * ```ts
 * import { defineConfig } from 'prisma/config';
 *
 * export default defineConfig(prismaConfig({ url }));
 * ```
 */
export function prismaConfig(options: PrismaConfigOptions = {}): PrismaConfiguration {
  const { url = defaultUrl, shadowDatabaseUrl } = options;
  return withPublicErrors(() => {
    const { engine } = describeUrl(url);
    const { schema, migrations } = prismaFilesOf(engine);
    return {
      schema,
      migrations: { path: migrations },
      datasource: { url: normaliseDatabaseUrl(url), ...(shadowDatabaseUrl === undefined ? {} : { shadowDatabaseUrl }) },
      experimental: { externalTables: true },
      tables: { external: engine === 'sqlite' ? [...searchTables] : [] },
    };
  });
}

/**
 * Returns the names of all tables of this package, for the setting `tables.external` of an application's own
 * `prisma.config.ts`. With this setting, `prisma migrate dev` does not change these tables. On PostgreSQL, the names
 * begin with the schema of the URL, by default `public`.
 *
 * @throws INVALID_OPTIONS when the URL is invalid.
 * @example
 * ```ts
 * const config = { experimental: { externalTables: true }, tables: { external: externalTables(url) } };
 * console.log(config.tables.external.includes('agents'));
 * ```
 */
export function externalTables(url: string = defaultUrl): string[] {
  return withPublicErrors(() => {
    const { engine, qualify } = describeUrl(url);
    const { tables } = readDeclaredNames(engine);
    return [...tables, ...(engine === 'sqlite' ? searchTables : [])].map(qualify);
  });
}

/**
 * Returns the names of all enumerations of this package, for the setting `enums.external` of an application's own
 * `prisma.config.ts`. Returns an empty array for SQLite, which has no enumerations.
 *
 * @throws INVALID_OPTIONS when the URL is invalid.
 * @example
 * ```ts
 * const enums = { external: externalEnums('postgresql://localhost/directory') };
 * console.log(enums.external.includes('public.AgentStatus'));
 * ```
 */
export function externalEnums(url: string = defaultUrl): string[] {
  return withPublicErrors(() => {
    const { engine, qualify } = describeUrl(url);
    return readDeclaredNames(engine).enums.map(qualify);
  });
}

function describeUrl(url: string): { engine: EngineName; qualify: (name: string) => string } {
  if (typeof url !== 'string') throw new Failure('INVALID_OPTIONS', 'url must be a string', { field: 'url' });
  const location = parseDatabaseUrl(url);
  if (location.kind !== 'postgresql') return { engine: 'sqlite', qualify: (name) => name };
  const { schema = 'public' } = location;
  return { engine: 'postgresql', qualify: (name) => `${schema}.${name}` };
}

function withPublicErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDatabaseError('prismaConfig', error);
  }
}

import { resolve } from 'node:path';
import { defineConfig } from 'prisma/config';
import { isPostgresqlUrl, normaliseDatabaseUrl } from './scripts/schema-engine/database-url';

// Prisma's CLI downloads its schema engine from a host of its own. This program runs the same engine from the npm registry
// instead, unless the variable already names an engine.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= resolve(__dirname, 'scripts/schema-engine.mjs');

const url = process.env['DATABASE_URL'] ?? 'file:./ans_database.sqlite';
const folder = isPostgresqlUrl(url) ? 'prisma/postgresql' : 'prisma';
// The search index of SQLite and the internal tables of FTS5. The migrations create them, but Prisma's schema cannot
// express them: without this setting, Prisma Migrate would report them as drift.
const searchTables = ['', '_search', '_search_config', '_search_data', '_search_idx'].map(
  (part) => `agent_names${part}`,
);
const shadowDatabaseUrl = process.env['SHADOW_DATABASE_URL'];

export default defineConfig({
  schema: `${folder}/schema.prisma`,
  migrations: { path: `${folder}/migrations` },
  ...(isPostgresqlUrl(url) ? {} : { experimental: { externalTables: true }, tables: { external: searchTables } }),
  datasource: { url: normaliseDatabaseUrl(url), ...(shadowDatabaseUrl === undefined ? {} : { shadowDatabaseUrl }) },
});

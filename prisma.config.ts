import { resolve } from 'node:path';
import { defineConfig } from 'prisma/config';
import { normaliseDatabaseUrl } from './scripts/schema-engine/database-url';

// Prisma's CLI would download its schema engine from a host of its own. This program runs the same engine from the npm
// registry instead; whoever has set the variable already keeps the engine it names.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= resolve(__dirname, 'scripts/schema-engine.mjs');

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: normaliseDatabaseUrl(process.env['DATABASE_URL'] ?? 'file:./ans_database.sqlite') },
});

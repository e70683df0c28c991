import { resolve } from 'node:path';
import { defineConfig } from 'prisma/config';
import { prismaConfig } from './src/prisma-config';

// Prisma's CLI downloads its schema engine from a host of its own. This program runs the same engine from the npm registry
// instead, unless the variable already names an engine.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= resolve(__dirname, 'scripts/schema-engine.mjs');

export default defineConfig(
  prismaConfig({ url: process.env['DATABASE_URL'], shadowDatabaseUrl: process.env['SHADOW_DATABASE_URL'] }),
);

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { engine, type Engine } from '../support/engine';
import { packageRoot, PrismaProject } from '../support/prisma-cli';

/** Settings with which the commands of Prisma run the engine of this repository instead of downloading one. */
const env = { PRISMA_SCHEMA_ENGINE_BINARY: join(packageRoot, 'scripts/schema-engine.mjs') };

/** Configuration of an application without tables of its own. */
export const threeLines = `import { prismaConfig } from 'ans-database/prisma-config';
import { defineConfig } from 'prisma/config';
export default defineConfig(prismaConfig({ url: process.env['DATABASE_URL'] }));
`;

/** Configuration of an application that does not mention this package. */
export const withoutPackage = `import { defineConfig } from 'prisma/config';
export default defineConfig({ schema: 'prisma/schema.prisma', datasource: { url: process.env['DATABASE_URL']! } });
`;

/** Configuration of an application with tables of its own, as docs/your-own-tables.md shows it. */
export const withOwnTables = `import { externalEnums, externalTables } from 'ans-database/prisma-config';
import { defineConfig } from 'prisma/config';
const url = process.env['DATABASE_URL'] ?? 'file:./app.sqlite';
export default defineConfig({
  schema: 'prisma/schema.prisma',
  datasource: { url },
  experimental: { externalTables: true },
  tables: { external: externalTables(url) },
  enums: { external: externalEnums(url) },
});
`;

const packages = ['prisma', 'kysely', '@prisma/client', '@prisma/client-runtime-utils'];

/** Creates a project outside of this repository, with the compiled package in its node_modules. */
export function createApplication(config: string, models: string, url?: string): PrismaProject {
  const project = PrismaProject.ofApplication(env);
  if (url !== undefined) project.databaseUrl = url;
  const modules = join(project.directory, 'node_modules');
  mkdirSync(join(modules, '@prisma'), { recursive: true });
  symlinkSync(packageRoot, join(modules, 'ans-database'));
  for (const name of packages) symlinkSync(join(packageRoot, 'node_modules', name), join(modules, name));
  project.write('package.json', '{}');
  project.write('prisma.config.ts', config);
  project.write('prisma/schema.prisma', schemaOf(engine, models));
  return project;
}

function schemaOf(provider: Engine, models: string): string {
  return `datasource db {
  provider = "${provider}"
}
generator client {
  provider     = "prisma-client"
  output       = "../client"
  moduleFormat = "cjs"
}
${models}
`;
}

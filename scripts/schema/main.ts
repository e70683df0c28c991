import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { derivePostgresqlSchema } from './derive-postgresql-schema';

const root = resolve(__dirname, '../..');
const target = join(root, 'prisma/postgresql/schema.prisma');

writeFileSync(target, derivePostgresqlSchema(readFileSync(join(root, 'prisma/schema.prisma'), 'utf8')));
const prisma = join(root, 'node_modules/prisma/build/index.js');
execFileSync(process.execPath, [prisma, 'format', '--schema', target], { cwd: root, stdio: 'inherit' });

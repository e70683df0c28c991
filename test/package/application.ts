import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text that the programs of an application print. */
export const programOutput = 'file: a 1 1\nmemory: a 1 1\n';

/** Uses what a bundler may break: the drivers, a thread (backup), embedded migrations, and Prisma's WebAssembly. */
const program = `
export async function run(directory, urls = { file: 'file:' + directory + '/used.sqlite', memory: ':memory:' }) {
  let output = '';
  for (const [name, url] of Object.entries(urls)) {
    const db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    const times = { notBefore: new Date(0), notAfter: new Date(1e13) };
    const certificate = { subject: 's', issuer: 'i', publicKey: 'k', certificate: 'c', fingerprint: 'f', ...times };
    const certificateId = await db.createCertificate(certificate);
    const id = await db.createAgent({ name: 'a', version: '1.2.0', owner: 'o', publicKey: 'k', certificateId });
    const agent = await db.getAgent(id);
    const found = await db.queryAgents({ version: '^1.1.0' });
    const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
    output += name + ': ' + agent.name + ' ' + found.length + ' ' + (await prisma.agent.count()) + '\\n';
    await prisma.$disconnect();
    if (name === 'file') await db.backup(directory + '/backup.sqlite');
    await db.close();
  }
  return output;
}
`;
const imports = `import { DatabaseService } from 'ans-database';
import { PrismaClient, prismaAdapter } from 'ans-database/prisma';`;
const requires = `const { DatabaseService } = require('ans-database');
const { PrismaClient, prismaAdapter } = require('ans-database/prisma');`;
/** Prints the output of `run` in a new directory. */
const main = `
const { mkdtempSync } = require('node:fs');
run(mkdtempSync('run-')).then((output) => process.stdout.write(output));
`;

/** Files of an application, which has unrelated migrations of its own. They fail if the package applies them. */
const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "application", "private": true }',
  'run.cjs': `${requires}${program.replace('export async', 'exports.run = run;\nasync')}`,
  'run.mjs': `${imports}${program}`,
  'main.cjs': `const { run } = require('./run.cjs');${main}`,
  'main.mjs': `import { run } from './run.mjs';${main.replace(/const (.*) = require\((.*)\)/, 'import $1 from $2')}`,
  'prisma/migrations/migration_lock.toml': 'provider = "sqlite"\n',
  'prisma/migrations/20200101000000_own/migration.sql': 'SELECT * FROM a_table_that_does_not_exist;\n',
};

/** Creates an application without any package in a new folder of the directory, and returns its path. */
export function createApplication(directory: string, name: string): string {
  const application = join(directory, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(application, file, '..'), { recursive: true });
    writeFileSync(join(application, file), text);
  }
  return application;
}

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { engine } from '../support/engine';
import { testMigration } from '../support/migrations';
import { packageRoot } from '../support/prisma-cli';
import { temporaryDirectory } from '../support/test-database';

/** Compiled module that embeds the migrations. */
const embedded = join('dist/migrations/embedded', `${engine}.js`);

/**
 * Result of a newer version on a database: the id of a new agent and the findings of its check, or the error of its
 * start.
 */
export interface NewerReport {
  readonly code?: string;
  readonly message?: string;
  readonly created?: string;
  readonly agents?: number;
  readonly findings?: readonly unknown[];
}

/** A compiled version of this package that has one more migration. */
export class NewerVersion {
  readonly #root = join(temporaryDirectory(), 'newer');

  constructor(sql: string) {
    mkdirSync(this.#root);
    for (const part of ['dist', 'package.json']) {
      cpSync(join(packageRoot, part), join(this.#root, part), { recursive: true });
    }
    symlinkSync(join(packageRoot, 'node_modules'), join(this.#root, 'node_modules'));
    this.write(sql);
  }

  /** Replaces the SQL of its own migration. */
  write(sql: string): void {
    const migration = JSON.stringify(testMigration('29990101000000_ans_newer', sql));
    const original = readFileSync(join(packageRoot, embedded), 'utf8');
    writeFileSync(join(this.#root, embedded), `${original}exports.${engine}Migrations.push(${migration});\n`);
  }

  /** Opens and migrates the database in a separate process, and registers an agent with the certificate `c` there. */
  async use(url: string, id: string): Promise<NewerReport> {
    const script = `
      const { DatabaseService } = require('./dist');
      (async () => {
        const db = new DatabaseService({ url: process.argv[1], migrations: 'apply' });
        await db.initialize();
        const agent = { id: process.argv[2], certificateId: 'c', name: 'Newer', publicKey: 'k', version: '2.0.0', owner: 'o' };
        const created = await db.createAgent(agent);
        const report = { created, agents: await db.agents.count({}), findings: (await db.check()).findings };
        await db.close();
        return report;
      })()
        .catch(({ code, message }) => ({ code, message }))
        .then((report) => console.log(JSON.stringify(report)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, url, id], { cwd: this.#root });
    return JSON.parse(stdout) as NewerReport;
  }
}

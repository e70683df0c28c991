import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { isDatabaseError } from '../../errors/database-error';
import { prismaConfig } from '../../prisma-config';
import { CommandError } from '../command-error';
import { addUrl, locate, requireFile, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { integerFrom } from '../parse-integer';
import { studioEnvironment } from '../studio-url';

interface StudioArguments extends DatabaseOption {
  readonly port?: number;
  readonly browser?: string;
}

/** First major version of the package `prisma` whose Studio can open a database without a Prisma schema. */
const minPrismaVersion = 7;

const warning =
  'Look, but do not change data in Studio: a change would bypass the event chain, the change feed and the caches.';

/** Adds the command `studio`, which opens a database in Prisma Studio. */
export function addStudio(program: Command): void {
  addUrl(program.command('studio'))
    .summary('browse the database in Prisma Studio')
    .description(
      `Opens the database in Prisma Studio, in the browser. Needs the package prisma, version ${minPrismaVersion}. ${warning}`,
    )
    .option('--port <n>', 'port of the local server (default: a free one)', integerFrom(1, 65_535))
    .option('--browser <name>', 'browser to open; none opens no browser')
    .addHelpText('after', examples(['npx ans-database studio --port 5555 --browser none', 'only prints the address']))
    .action(async (options: StudioArguments) => {
      const { url, location } = locate(options);
      await requireFile(location);
      const cli = findPrisma();
      console.error(warning);
      process.exitCode = await runStudio(cli, toPrismaUrl(url), options);
    });
}

/** Runs Prisma Studio until it ends, and returns its exit code. */
async function runStudio(cli: string, url: string, { port, browser }: StudioArguments): Promise<number> {
  const args = [cli, 'studio', '--config', join(__dirname, '../studio.config.mjs')];
  if (port !== undefined) args.push('--port', String(port));
  if (browser !== undefined) args.push('--browser', browser);
  const env = { ...process.env, ...studioEnvironment(url) };
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  // A terminal sends SIGINT to this process and to Studio, so this process ignores it. SIGTERM reaches only this
  // process, which passes it on to Studio.
  process.on('SIGINT', () => undefined);
  process.once('SIGTERM', () => child.kill('SIGTERM'));
  // The cast is safe: the first argument of the event `close` is the exit code, or null after a signal.
  const [exitCode] = (await once(child, 'close')) as [number | null];
  // A signal is the usual way to end Studio, so null counts as success.
  return exitCode ?? 0;
}

/**
 * Returns the path of Prisma's command-line program. Prefers the program that is installed in the project to the one
 * that is installed beside this package.
 */
function findPrisma(): string {
  for (const from of [join(process.cwd(), 'package.json'), __filename]) {
    let path: string;
    try {
      path = createRequire(from).resolve('prisma/package.json');
    } catch {
      continue;
    }
    // The cast is safe: npm requires a version, and Prisma's package has the command `prisma`.
    const { version, bin } = JSON.parse(readFileSync(path, 'utf8')) as { version: string; bin: { prisma: string } };
    if (Number.parseInt(version, 10) >= minPrismaVersion) return join(dirname(path), bin.prisma);
    throw new CommandError(`Prisma Studio needs a newer version of prisma: run "${installCommand()}"`, 'NOT_INSTALLED');
  }
  throw new CommandError(`Prisma Studio needs the package prisma: run "${installCommand()}"`, 'NOT_INSTALLED');
}

/** Returns the command that installs `prisma` with the package manager that runs this process. */
function installCommand(): string {
  const [, manager = 'npm'] = /^(pnpm|yarn|npm|bun)\b/.exec(process.env['npm_config_user_agent'] ?? '') ?? [];
  const install = { npm: 'npm install --save-dev', pnpm: 'pnpm add -D', yarn: 'yarn add -D', bun: 'bun add -d' };
  // The cast is safe: the pattern matches only keys of `install`.
  return `${install[manager as keyof typeof install]} prisma@${minPrismaVersion}`;
}

function toPrismaUrl(url: string): string {
  try {
    return prismaConfig({ url }).datasource.url;
  } catch (error) {
    throw isDatabaseError(error) ? new CommandError(error.message) : error;
  }
}

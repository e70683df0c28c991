import type { Command } from 'commander';
import { externalEnums, externalTables } from '../../prisma-config';
import { copyMigrations, readLockedProvider, type CopiedMigrations } from '../../prisma-config/copy-migrations';
import { addAction } from '../action';
import { CommandError } from '../command-error';
import { addUrl, locate, type DatabaseOption } from '../database';
import { examples } from '../examples';
import type { Terminal } from '../terminal';

interface InitArguments extends DatabaseOption {
  readonly prisma?: boolean;
  readonly migrations: string;
}

/**
 * Adds the command `init --prisma`, which prepares the Prisma project of an application for the tables of this package.
 */
export function addInit(program: Command): void {
  const command = addUrl(program.command('init'))
    .summary('prepare the Prisma project of your application')
    .description(
      'Copies the migrations of this package into the migrations folder of your application, and prints the setting tables.external for its prisma.config.ts. For an application whose own Prisma schema is in the same database: without both, prisma migrate dev would offer to reset the database. Overwrites nothing. Run it again after an update of this package. Does not open the database: the URL only selects the engine.',
    )
    .option('--prisma', 'required: the kind of project')
    .option('--migrations <folder>', 'migrations folder of your application', 'prisma/migrations')
    .addHelpText(
      'after',
      examples(['npx ans-database init --prisma --url file:./app.sqlite', 'copies the migrations for SQLite']),
    );
  addAction(command, async (_, terminal) => {
    const options = command.opts<InitArguments>();
    if (options.prisma !== true) throw new CommandError('specify the kind of project: --prisma');
    const folder = options.migrations;
    const { url, location } = locate(options);
    const engine = location.kind === 'postgresql' ? 'postgresql' : 'sqlite';
    const provider = await readLockedProvider(folder);
    if (provider !== undefined && provider !== engine) {
      const advice = 'specify a database of that engine with --url or DATABASE_URL';
      throw new CommandError(`${folder} has migrations for ${provider}, and the URL is for ${engine}; ${advice}`);
    }
    const result = await copyMigrations(engine, folder);
    const { copied, unchanged, different } = result;
    if (different.length > 0) {
      const names = different.join(', ');
      throw new CommandError(`${folder} has other migrations with these names: ${names}`, 'ALREADY_EXISTS');
    }
    const [tables, enums] = [externalTables(url), externalEnums(url)];
    const lines = [...describeCopies(folder, result, terminal), '', ...describeConfig(tables, enums)];
    return { json: { engine, folder, copied, unchanged, tables, enums }, lines };
  });
}

function describeCopies(folder: string, { copied, unchanged }: CopiedMigrations, { style }: Terminal): string[] {
  return [
    ...copied.map((name) => `copied ${name}`),
    ...unchanged.map((name) => `unchanged ${name}`),
    style.bold(`${folder} has the migrations of ans-database.`),
  ];
}

function describeConfig(tables: readonly string[], enums: readonly string[]): string[] {
  return [
    'Add these settings to prisma.config.ts, so that prisma migrate dev leaves the tables of ans-database alone.',
    'externalTables(url) and externalEnums(url) of ans-database/prisma-config return the same lists.',
    '',
    '  experimental: { externalTables: true },',
    ...describeNames('tables', tables),
    ...(enums.length === 0 ? [] : describeNames('enums', enums)),
  ];
}

function describeNames(setting: string, names: readonly string[]): string[] {
  return [`  ${setting}: {`, '    external: [', ...names.map((name) => `      '${name}',`), '    ],', '  },'];
}

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { Failure } from '../errors/failure';
import { parseDatabaseUrl, type DatabaseLocation } from '../options/database-url';
import { defaultUrl } from '../options/default-url';
import type { MigrationMode } from '../options/types';
import type { DatabaseService } from '../database-service';
import { CommandError } from './command-error';
import type { JsonOption } from './action';

/** Options of the commands that open one database. */
export interface DatabaseOption extends JsonOption {
  readonly url?: string;
}

/** Adds the option `--url` to a command. */
export function addUrl(command: Command): Command {
  return command.option(
    '--url <url>',
    `database, file:PATH or postgresql://… (default: DATABASE_URL, else ${defaultUrl}). Other users of the machine can see a password in an argument: put a URL with a password into DATABASE_URL`,
  );
}

/** Location of a database on disk or on a server, but not in memory. */
export interface StoredLocation {
  readonly url: string;
  readonly location: Exclude<DatabaseLocation, { readonly kind: 'memory' }>;
}

/** Returns the URL of the database that the options of a command name, and its parsed form. */
export function locate({ url }: DatabaseOption): StoredLocation {
  const fromEnvironment = process.env['DATABASE_URL'];
  const used = url ?? fromEnvironment ?? defaultUrl;
  return { url: used, location: parseUrl(used, url === undefined ? 'DATABASE_URL' : '--url') };
}

/**
 * Opens the database that the options name. The caller closes it.
 *
 * @throws CommandError when the SQLite file does not exist, because SQLite would create it.
 */
export async function openExisting(options: DatabaseOption, migrations: MigrationMode): Promise<DatabaseService> {
  const { url, location } = locate(options);
  await requireFile(location);
  return open(url, migrations);
}

/** Opens a database. Creates the SQLite file if it does not exist. The caller closes the database. */
export async function open(url: string, migrations: MigrationMode): Promise<DatabaseService> {
  const { DatabaseService } = await import('../database-service.js');
  const db = new DatabaseService({ url, migrations });
  await db.initialize();
  return db;
}

/**
 * Checks that the file of a SQLite database exists.
 *
 * @throws CommandError when the file does not exist
 */
export async function requireFile(location: DatabaseLocation): Promise<void> {
  if (location.kind !== 'file' || (await stat(location.path).catch(() => undefined)) !== undefined) return;
  const advice = 'npx ans-database migrate deploy creates it';
  throw new CommandError(`the database file ${location.path} does not exist; ${advice}`, 'NOT_FOUND');
}

/**
 * Parses the URL of a database. `source` is the option or the variable that contains the URL.
 *
 * @throws CommandError when the URL is invalid, or names a database in memory.
 */
export function parseUrl(url: string, source: string): Exclude<DatabaseLocation, { readonly kind: 'memory' }> {
  try {
    const location = parseDatabaseUrl(url);
    if (location.kind !== 'memory') return location;
  } catch (error) {
    if (error instanceof Failure) throw new CommandError(error.message.replace(/^url/, source));
    throw error;
  }
  throw new CommandError(`${source} must name a file or a server: a database in memory is empty`);
}

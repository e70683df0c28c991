import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { locateMove } from '../../src/cli/commands/move';
import { moveBetween } from '../../src/move/move-between';
import type { MoveResult } from '../../src/move/move-database';
import { cliPath, runCli } from '../cli/run-cli';
import { certificateInput } from '../support/factories';
import type { ProcessResult } from '../support/run-process';
import { allRawRows, queryRaw, rawCounts } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { tableNames } from '../support/tables';
import { afterTest, newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

const nothing = (): void => undefined;

const insertingSql = `SELECT 1 FROM pg_stat_activity
  WHERE datname = current_database() AND query LIKE 'INSERT%' AND pid <> pg_backend_pid()`;

/** Stores 60 certificates. */
export function createCertificates(db: DatabaseService): Promise<unknown> {
  return db.certificates.createMany(Array.from({ length: 60 }, () => certificateInput()));
}

/** SQLite database to move, and an empty PostgreSQL database as its target. */
export class Moving {
  /** Options with which the database is opened. */
  readonly source: { readonly options: { readonly url: string } };
  readonly target: { readonly options: { readonly url: string } };

  private constructor(source: string, target: string) {
    this.source = { options: { url: source } };
    this.target = { options: { url: target } };
  }

  /**
   * Creates a SQLite database and fills it.
   *
   * @param target - URL of the PostgreSQL database; a new, empty one by default.
   * @param options - options with which the SQLite database is opened.
   */
  static async prepare(
    fill: (db: DatabaseService) => Promise<unknown>,
    target?: string,
    options: DatabaseOptions = {},
  ): Promise<Moving> {
    const source = `file:${join(temporaryDirectory(), 'test.sqlite')}`;
    const { db } = await openTestDatabase({ ...options, url: source });
    await fill(db);
    await db.close();
    return new Moving(source, target ?? (await newDatabaseUrl()));
  }

  run(...args: readonly string[]): Promise<ProcessResult> {
    return runCli(['move', ...this.#args(args)]);
  }

  /** Starts a move and returns after it has copied some rows. */
  async start(...args: readonly string[]): Promise<ChildProcess> {
    const child = spawn(process.execPath, [cliPath, 'move', ...this.#args(args)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    afterTest(() => void child.kill('SIGKILL'));
    await waitUntil(async () => (await queryRaw(this.target, insertingSql)).flat().length > 0);
    return child;
  }

  /** Delays each insert into a table, so that a test can do something during the move. */
  slowDown(table: string): Promise<void> {
    return this.onInsert(table, 'PERFORM pg_sleep(0.02); RETURN NEW;');
  }

  /** Creates a trigger that runs `body` before each insert into a table. */
  async onInsert(table: string, body: string): Promise<void> {
    await changeRaw(
      this.target,
      `CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
      CREATE TRIGGER meddle BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION meddle()`,
    );
  }

  async expectSame(): Promise<void> {
    expect(await allRawRows(this.target)).toEqual(await allRawRows(this.source));
  }

  /** Expects that the target is empty and that no session is writing to it. */
  async expectNothingMoved(): Promise<void> {
    await changeRaw(this.target, `BEGIN; LOCK TABLE ${tableNames.join()} IN SHARE ROW EXCLUSIVE MODE; COMMIT`);
    expect(Object.values(await rawCounts(this.target)).filter((count) => count > 0)).toEqual([]);
  }

  /** Expects that the move fails with a message and changes nothing. */
  async expectRefused(message: RegExp): Promise<void> {
    await expect(this.attempt()).rejects.toThrow(message);
    await this.expectNothingMoved();
  }

  /** Moves the database within this process, which takes less time than `run`. */
  attempt(): Promise<MoveResult> {
    const { source, target } = locateMove(this.source.options.url, this.target.options.url);
    const observer = { begin: nothing, advance: nothing, end: nothing };
    const limits = { rows: 1000, characters: 1_000_000 };
    return moveBetween(source, target, { limits, observer });
  }

  #args(args: readonly string[]): string[] {
    return ['--from', this.source.options.url, '--to', this.target.options.url, ...args];
  }
}

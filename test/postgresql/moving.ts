import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { moveBetween } from '../../scripts/move/move-between';
import type { MoveResult } from '../../scripts/move/move-database';
import { runScript, type ScriptResult } from '../scripts/run-script';
import { packageRoot } from '../support/prisma-cli';
import { allRawRows, rawCounts } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { tableNames } from '../support/tables';
import { afterTest, newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';

const nothing = (): void => undefined;

/** A SQLite file to move, and an empty database of PostgreSQL to move it to. */
export class Moving {
  /** What to open either with. */
  readonly source: { readonly options: { readonly url: string } };
  readonly target: { readonly options: { readonly url: string } };

  private constructor(source: string, target: string) {
    this.source = { options: { url: source } };
    this.target = { options: { url: target } };
  }

  /**
   * @param fill - puts into the SQLite database what is to be moved.
   * @param options - how the SQLite database is opened for it.
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

  run(...args: readonly string[]): Promise<ScriptResult> {
    return runScript('move.ts', this.#args(args));
  }

  /** Starts it, and returns when it has copied some rows. */
  async start(...args: readonly string[]): Promise<ChildProcess> {
    const script = join(packageRoot, 'scripts/move.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...this.#args(args)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    afterTest(() => void child.kill('SIGKILL'));
    await once(child.stderr, 'data');
    return child;
  }

  /** Has each row of a table take its time on its way in, so that the move can be met in the middle. */
  slowDown(table: string): Promise<void> {
    return this.onInsert(table, 'PERFORM pg_sleep(0.02); RETURN NEW;');
  }

  /** Has PostgreSQL do something with each row of a table. */
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

  /** Nothing is there, and nobody is in the middle of writing either. */
  async expectNothingMoved(): Promise<void> {
    await changeRaw(this.target, `BEGIN; LOCK TABLE ${tableNames.join()} IN SHARE ROW EXCLUSIVE MODE; COMMIT`);
    expect(Object.values(await rawCounts(this.target)).filter((count) => count > 0)).toEqual([]);
  }

  /** It is told why nothing was moved. */
  async expectRefused(message: RegExp): Promise<void> {
    await expect(this.attempt()).rejects.toThrow(message);
    await this.expectNothingMoved();
  }

  /** The same as `run` within this process, which takes less time. */
  attempt(): Promise<MoveResult> {
    const { source, target } = this;
    const observer = { begin: nothing, advance: nothing, end: nothing };
    const limits = { rows: 1000, characters: 1_000_000 };
    return moveBetween(source.options.url, target.options.url, { limits, observer });
  }

  #args(args: readonly string[]): string[] {
    return ['--from', this.source.options.url, '--to', this.target.options.url, ...args];
  }
}

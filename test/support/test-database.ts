import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService, type DatabaseEvent, type DatabaseOptions } from '../../src';
import { onPostgresql } from './engine';
import {
  createDatabase,
  dropDatabase,
  emptyDatabase,
  giveDatabaseBack,
  isSpoiled,
  spoilDatabase,
  takeDatabase,
} from './postgresql-databases';
import { scratch } from './scratch';
import { sqliteTemplate } from './sqlite-template';

export interface TestDatabase {
  /** This object itself, so that a test can name it and its parts in one statement. */
  readonly database: TestDatabase;
  readonly db: DatabaseService;
  /** Events of `onEvent` since the start of the test, oldest first. */
  readonly events: DatabaseEvent[];
  /** The options with which it was opened, also for another service on the same database. */
  readonly options: DatabaseOptions & { readonly url: string };
  /** Returns the SQL of the statements that `work` ran, without those that begin and end transactions. */
  readonly statementsOf: (work: () => Promise<unknown>) => Promise<string[]>;
}

export type Cleanup = () => Promise<void> | void;

/** Kinds of databases on which tests of concurrent callers run. */
export const databaseKinds: readonly (readonly [name: string, options: DatabaseOptions])[] = onPostgresql
  ? [['PostgreSQL', {}]]
  : [
      ['a file', {}],
      [':memory:', { url: ':memory:' }],
    ];

/** Statements that begin and end transactions. */
const transactionControl: ReadonlySet<string> = new Set(['BEGIN', 'COMMIT', 'ROLLBACK']);

const cleanups: Cleanup[] = [];

/** Registers a function that is called after the test, the latest one first. */
export function afterTest(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

/** Calls and removes all cleanups, the latest one first. */
export async function runCleanups(ends: Cleanup[]): Promise<void> {
  for (const cleanup of ends.splice(0).reverse()) await cleanup();
}

afterEach(() => runCleanups(cleanups));

/** Creates an empty directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(scratch, 'ans-test-'));
  afterTest(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Returns the URL of a new database for a test: on SQLite a file that does not exist yet, on PostgreSQL an empty database of the
 * package's schema. It is removed after the test.
 */
export async function newDatabaseUrl(atEnd = afterTest): Promise<string> {
  if (onPostgresql) {
    const url = await takeDatabase();
    atEnd(() => giveDatabaseBack(url));
    return url;
  }
  const directory = mkdtempSync(join(scratch, 'ans-test-'));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  return `file:${join(directory, 'test.sqlite')}`;
}

/** Returns the URL of a new database with the schema of the package, also on SQLite. */
async function emptyDatabaseUrl(atEnd: typeof afterTest): Promise<string> {
  const url = await newDatabaseUrl(atEnd);
  if (!onPostgresql) copyFileSync(await sqliteTemplate(), url.slice('file:'.length));
  return url;
}

/**
 * Returns the URL of a database without tables; on PostgreSQL `options` are those of CREATE DATABASE, such as a locale.
 */
export async function unmigratedDatabaseUrl(options = ''): Promise<string> {
  if (!onPostgresql) return newDatabaseUrl();
  const url = await createDatabase(options);
  afterTest(() => dropDatabase(url));
  return url;
}

/**
 * Opens an empty database, or the one that `url` names. It is closed after the test, and removed if it is new.
 */
export function openTestDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const { now = Date.now, ...others } = options;
  return onPostgresql && Object.keys(others).length === 0 ? reuseDatabase(now) : openDatabase(options, afterTest);
}

/** An open database that several tests use one after another. Its only option is the clock of the present test. */
interface ReusableDatabase {
  readonly database: TestDatabase;
  readonly clock: { now: () => number };
  readonly ends: Cleanup[];
}

/** Open databases that no test uses at present. On PostgreSQL, opening connections takes longer than most tests. */
const idle: ReusableDatabase[] = [];

afterAll(async () => {
  for (const { ends } of idle) await runCleanups(ends);
});

async function reuseDatabase(now: () => number): Promise<TestDatabase> {
  const reusable = (await takeIdleDatabase()) ?? (await openReusableDatabase());
  const { database, clock, ends } = reusable;
  clock.now = now;
  afterTest(async () => {
    if (isSpoiled(database.options.url)) return runCleanups(ends);
    clock.now = Date.now;
    // The test may have closed it.
    await database.db.initialize();
    idle.push(reusable);
  });
  return database;
}

async function takeIdleDatabase(): Promise<ReusableDatabase | undefined> {
  for (let reusable = idle.pop(); reusable !== undefined; reusable = idle.pop()) {
    const { database, ends } = reusable;
    const { url } = database.options;
    if (await emptyDatabase(url)) {
      database.events.length = 0;
      return reusable;
    }
    spoilDatabase(url);
    await runCleanups(ends);
  }
  return undefined;
}

async function openReusableDatabase(): Promise<ReusableDatabase> {
  const ends: Cleanup[] = [];
  const clock = { now: Date.now };
  return { database: await openDatabase({ now: () => clock.now() }, (end) => void ends.push(end)), clock, ends };
}

/** Opens one database for all tests of a `describe` and removes it after them. */
export function shareTestDatabase(
  options: DatabaseOptions = {},
  fill: (database: TestDatabase) => Promise<unknown> = () => Promise.resolve(),
): () => TestDatabase {
  const ends: Cleanup[] = [];
  let shared: TestDatabase | undefined;
  beforeAll(async () => {
    shared = await openDatabase(options, (end) => void ends.push(end));
    await fill(shared);
    shared.events.length = 0;
  });
  afterAll(() => runCleanups(ends));
  return () => {
    if (shared === undefined) throw new Error('The shared database is open inside of tests only');
    return shared;
  };
}

async function openDatabase(options: DatabaseOptions, atEnd: typeof afterTest): Promise<TestDatabase> {
  const url = options.url ?? (await emptyDatabaseUrl(atEnd));
  const events: DatabaseEvent[] = [];
  const allOptions = { onEvent: (event: DatabaseEvent) => void events.push(event), ...options, url };
  const db = new DatabaseService(allOptions);
  atEnd(() => db.close());
  await db.initialize();
  events.length = 0;
  const statementsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    const before = events.length;
    await work();
    const sent = events.slice(before).flatMap((event) => (event.type === 'query' ? [event.sql] : []));
    return sent.filter((sql) => !transactionControl.has(sql));
  };
  const database: TestDatabase = {
    ...{ db, events, options: { ...options, url }, statementsOf },
    get database() {
      return database;
    },
  };
  return database;
}

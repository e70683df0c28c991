import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseService, type DatabaseEvent, type DatabaseOptions } from '../../src';

/** A database of a test's own, in a directory of its own. */
export interface TestDatabase {
  readonly db: DatabaseService;
  /** What `onEvent` was told since the start of the test, oldest first. */
  readonly events: DatabaseEvent[];
  /** The options that it was opened with: another service on the same database takes them too. */
  readonly options: DatabaseOptions & { readonly url: string };
  /** The SQL of the statements that `work` ran. */
  readonly statementsOf: (work: () => Promise<unknown>) => Promise<string[]>;
}

const cleanups: (() => Promise<void> | void)[] = [];

/** Has `cleanup` called when the test has ended, the latest first. */
export function afterTest(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An empty directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ans-test-'));
  afterTest(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens an empty database, which is closed and removed after the test. */
export function openTestDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  return openDatabase(options, temporaryDirectory(), afterTest);
}

/** One database for all tests of a `describe`, opened before the first and removed after the last. */
export function shareTestDatabase(
  options: DatabaseOptions = {},
  fill: (database: TestDatabase) => Promise<unknown> = () => Promise.resolve(),
): () => TestDatabase {
  const ends: (() => Promise<void> | void)[] = [];
  let shared: TestDatabase | undefined;
  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ans-test-'));
    ends.push(() => rmSync(directory, { recursive: true, force: true }));
    shared = await openDatabase(options, directory, (end) => ends.push(end));
    await fill(shared);
    shared.events.length = 0;
  });
  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return () => {
    if (shared === undefined) throw new Error('The shared database is open inside of tests only');
    return shared;
  };
}

async function openDatabase(
  options: DatabaseOptions,
  directory: string,
  atEnd: (close: () => Promise<void>) => unknown,
): Promise<TestDatabase> {
  const url = `file:${join(directory, 'test.sqlite')}`;
  const events: DatabaseEvent[] = [];
  const allOptions = { url, onEvent: (event: DatabaseEvent) => void events.push(event), ...options };
  const db = new DatabaseService(allOptions);
  atEnd(() => db.close());
  await db.initialize();
  events.length = 0;
  const statementsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    const before = events.length;
    await work();
    return events.slice(before).flatMap((event) => (event.type === 'query' ? [event.sql] : []));
  };
  return { db, events, options: { ...options, url: options.url ?? url }, statementsOf };
}

import { createRequire } from 'node:module';
import { join } from 'node:path';
import type SqliteDriver from 'better-sqlite3';
import type * as Package from '../../src';

// Each folder of `root` has a copy of this package, and beside it one of better-sqlite3.
const [root = '', scenario = '', path = ''] = process.argv.slice(2);
const url = `file:${path}`;
const loadFile = createRequire(__filename);

function load(folder: string): typeof Package {
  return loadFile(join(root, folder, 'package/src/index.ts')) as typeof Package;
}

async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return 'done';
  } catch (error) {
    const { code, message, retryable } = error as Package.DatabaseError;
    return { code, message, retryable };
  }
}

async function write({ db, count }: { readonly db: Package.DatabaseService; readonly count: number }): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await db.recordSecurityEvent({
      eventType: 'X',
      severity: 'LOW',
      source: 's',
      target: 't',
      description: 'd',
    });
  }
}

/** The first opens, the second tries to; then the first closes, and the second tries again. */
async function inTurns(first: string, second: string): Promise<unknown[]> {
  const [a, b] = [first, second].map((folder) => new (load(folder).DatabaseService)({ url }));
  if (a === undefined || b === undefined) return [];
  await a.initialize();
  const refused = await outcomeOf(() => b.initialize());
  const reset = await outcomeOf(() => load(second).DatabaseServiceFactory.resetDatabase({ url, busyTimeoutMs: 0 }));
  await write({ db: a, count: 5 });
  await a.close();
  const opened = await outcomeOf(() => b.initialize());
  await write({ db: b, count: 5 });
  const count = await b.events.count({});
  await b.close();
  return [refused, reset, opened, count];
}

async function together(first: string, second: string): Promise<unknown[]> {
  const [a, b] = [first, second].map((folder) => new (load(folder).DatabaseService)({ url }));
  if (a === undefined || b === undefined) return [];
  await Promise.all([a.initialize(), b.initialize()]);
  await Promise.all([a, b, a].map((db) => write({ db, count: 20 })));
  const count = await a.events.count({});
  await a.close();
  await write({ db: b, count: 1 });
  await b.close();
  return [count];
}

/** Each migrates a database of its own, by the schema engine that they share. */
async function eachOnItsOwn(first: string, second: string): Promise<unknown[]> {
  const [a, b] = [first, second].map((folder) => new (load(folder).DatabaseService)({ url: `${url}-${folder}` }));
  if (a === undefined || b === undefined) return [];
  const outcomes = [await outcomeOf(() => a.initialize()), await outcomeOf(() => b.initialize())];
  await a.close();
  await b.close();
  return outcomes;
}

/** The application's own driver has the file open, or another one. */
async function besideDriver(own: string, driverPath: string): Promise<unknown[]> {
  const Driver = loadFile(join(root, 'b/node_modules/better-sqlite3')) as typeof SqliteDriver;
  const driver = new Driver(driverPath);
  driver.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a)');
  const db = new (load(own).DatabaseService)({ url });
  const first = await outcomeOf(() => db.initialize());
  driver.close();
  return [first];
}

const scenarios: Readonly<Record<string, () => Promise<unknown[]>>> = {
  'two binaries': () => inTurns('a', 'b'),
  'one binary': () => together('a', 'linked'),
  'own databases': () => eachOnItsOwn('a', 'b'),
  'own driver': () => besideDriver('a', path),
  'own driver elsewhere': () => besideDriver('a', `${path}-other`),
};

void scenarios[scenario]?.().then((outcomes) => process.stdout.write(`${JSON.stringify(outcomes)}\n`));

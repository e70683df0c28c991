import { createRequire } from 'node:module';
import { join } from 'node:path';
import type SqliteDriver from 'better-sqlite3';
import type * as Package from '../../src';

// Each folder of `root` contains a copy of this package and a copy of better-sqlite3.
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

async function write(db: Package.DatabaseService, count: number): Promise<void> {
  const event = { eventType: 'X', severity: 'LOW', source: 's', target: 't', description: 'd' } as const;
  for (let index = 0; index < count; index += 1) await db.recordSecurityEvent(event);
}

/** Creates a service of each of two copies of the package. */
function createTwo(first: string, second: string, urls: readonly string[] = [url, url]) {
  const create = (folder: string, index: number) => new (load(folder).DatabaseService)({ url: urls[index] ?? url });
  return [create(first, 0), create(second, 1)] as const;
}

/** Opens the file with the second copy while the first copy has it open, and again after the first copy closed it. */
async function inTurns(first: string, second: string): Promise<unknown[]> {
  const [a, b] = createTwo(first, second);
  await a.initialize();
  const refused = await outcomeOf(() => b.initialize());
  const reset = await outcomeOf(() => load(second).DatabaseServiceFactory.resetDatabase({ url, busyTimeoutMs: 0 }));
  await write(a, 5);
  await a.close();
  const opened = await outcomeOf(() => b.initialize());
  await write(b, 5);
  const count = await b.events.count({});
  await b.close();
  return [refused, reset, opened, count];
}

async function together(first: string, second: string): Promise<unknown[]> {
  const [a, b] = createTwo(first, second);
  await Promise.all([a.initialize(), b.initialize()]);
  await Promise.all([a, b, a].map((db) => write(db, 20)));
  const count = await a.events.count({});
  await a.close();
  await write(b, 1);
  await b.close();
  return [count];
}

/** Migrates a separate database with each copy. */
async function separately(first: string, second: string): Promise<unknown[]> {
  const [a, b] = createTwo(first, second, [`${url}-${first}`, `${url}-${second}`]);
  const outcomes = [await outcomeOf(() => a.initialize()), await outcomeOf(() => b.initialize())];
  await a.close();
  await b.close();
  return outcomes;
}

/** Opens a database while the driver of the application has a file open. */
async function besideDriver(folder: string, driverPath: string): Promise<unknown[]> {
  const Driver = loadFile(join(root, 'b/node_modules/better-sqlite3')) as typeof SqliteDriver;
  const driver = new Driver(driverPath);
  driver.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a)');
  const db = new (load(folder).DatabaseService)({ url });
  const outcome = await outcomeOf(() => db.initialize());
  driver.close();
  return [outcome];
}

const scenarios: Readonly<Record<string, () => Promise<unknown[]>>> = {
  'two binaries': () => inTurns('a', 'b'),
  'one binary': () => together('a', 'linked'),
  'own databases': () => separately('a', 'b'),
  'own driver': () => besideDriver('a', path),
  'own driver elsewhere': () => besideDriver('a', `${path}-other`),
};

void scenarios[scenario]?.().then((outcomes) => process.stdout.write(`${JSON.stringify(outcomes)}\n`));

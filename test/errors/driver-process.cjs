// Opens a SQLite database with the better-sqlite3 of another folder, and opens it again after its binary was copied
// there. Prints a line of JSON for each attempt. Runs the compiled package, because only the compiled package loads its
// modules as in an application.
const { copyFileSync, mkdirSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');

const [driver, sound] = process.argv.slice(2);
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => resolve(request === 'better-sqlite3' ? driver : request, ...rest);

const { DatabaseService, driverErrorOf } = require('../../dist/index.js');

async function attempt() {
  const db = new DatabaseService({ url: ':memory:' });
  const outcome = await db.initialize().then(
    () => ({ code: 'none' }),
    (error) => ({ ...error.toJSON(), cause: error.cause.code, original: driverErrorOf(error).message }),
  );
  await db.close();
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

async function main() {
  await attempt();
  if (sound === undefined) return;
  const target = join(driver, 'build/Release/better_sqlite3.node');
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(sound, target);
  await attempt();
}

void main();

import { Worker } from 'node:worker_threads';

/** How many damages SQLite tells of at most. */
const mostDamages = 1000;

// As a text, since there is no one form of this package's files that a thread could load in every application. What it
// has found before it fails is kept.
const script = `
  const { parentPort, workerData: { driver, path, timeout, most } } = require('node:worker_threads');
  const Driver = require(driver);
  const damages = [];
  let failure;
  try {
    const connection = new Driver(path, { readonly: true, fileMustExist: true, timeout });
    try {
      const check = connection.prepare('PRAGMA integrity_check(' + most + ')').pluck();
      for (const damage of check.iterate()) damages.push(damage);
    } finally {
      connection.close();
    }
  } catch (error) {
    failure = { code: error.code, message: error.message };
  }
  parentPort.postMessage({ damages, failure });
`;

/** What SQLite's check of a file has found. */
export interface IntegrityReport {
  /** In SQLite's words, which name pages, tables and indexes. */
  readonly damages: readonly string[];
  /** Why it ended before its time, as the driver reports it: behind some damages it does not look any further. */
  readonly failure: Error | undefined;
}

interface Answer {
  readonly damages: readonly string[];
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/**
 * SQLite's own check of a whole file: pages, rows, indexes, constraints of columns, and the inner order of the search
 * index. It is one long statement, so it runs in a thread of its own.
 */
export async function checkIntegrity(path: string, busyTimeoutMs: number): Promise<IntegrityReport> {
  const { damages, failure } = await new Promise<Answer>((resolve, reject) => {
    const workerData = { driver: require.resolve('better-sqlite3'), path, timeout: busyTimeoutMs, most: mostDamages };
    const worker = new Worker(script, { eval: true, workerData, execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread has ended without an answer')));
  });
  return {
    damages: damages.flatMap((damage) => damage.split('\n')).filter((damage) => !/^(?:ok|\*\*\* .*)$/.test(damage)),
    failure: failure === undefined ? undefined : Object.assign(new Error(failure.message), { code: failure.code }),
  };
}

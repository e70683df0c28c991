import { Worker } from 'node:worker_threads';
import { assertSpareDescriptors } from '../../runtime/spare-descriptors';
import type { SqliteDriver } from './driver/driver';

// Source text for a thread. It is not a file, because a bundled application may not contain the files of this package.
const frame = `
  const { parentPort, workerData } = require('node:worker_threads');
  const work = async (data, tell) => { WORK };
  work(workerData, (news) => parentPort.postMessage({ news })).then(
    (result) => parentPort.postMessage({ result }),
    ({ code, message }) => parentPort.postMessage({ failure: { code, message } }),
  );
`;

type Message<T> =
  | { readonly result: T }
  | { readonly news: unknown }
  | { readonly failure: { readonly code: unknown; readonly message: string } };

/**
 * Runs `work` in a thread with SQLite's driver, because `work` would block the event loop.
 *
 * @param work - body of an async JavaScript function that can use `Driver`, `data`, and `tell(news)`.
 * @param onNews - called with each value that `work` passes to `tell`. If `onNews` throws, the thread is terminated,
 * and the returned promise rejects with this error.
 * @throws errors of the driver, with their code.
 */
export async function runInDriverThread<T>(
  driver: SqliteDriver,
  work: string,
  workerData: object,
  onNews: (news: unknown) => void = () => undefined,
): Promise<T> {
  assertSpareDescriptors();
  const program = driver.threadSource + frame.replace('WORK', () => work);
  const worker = new Worker(program, { eval: true, workerData, execArgv: threadArguments() });
  try {
    return await new Promise<T>((resolve, reject) => {
      worker.on('message', (message: Message<T>) => {
        try {
          if ('failure' in message) reject(toError(message.failure));
          else if ('news' in message) onNews(message.news);
          else resolve(message.result);
        } catch (error) {
          reject(error instanceof Error ? error : new Error('the progress callback failed', { cause: error }));
        }
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread ended without a result')));
    });
  } finally {
    // Waits for the end of the thread. Then it has no open connection and writes to no file.
    await worker.terminate();
  }
}

/**
 * Returns the command-line options of Node.js for a thread. Omits the options of the process, such as a TypeScript
 * loader, because the thread does not need them and starts faster. With Yarn's Plug'n'Play, adds the option that loads
 * Yarn's resolver: without it, the thread finds no package.
 */
export function threadArguments(): string[] {
  if (process.versions['pnp'] === undefined) return [];
  try {
    return ['--require', require.resolve('pnpapi')];
  } catch {
    // Bundlers warn about `pnpapi`, which only Yarn knows, unless the code handles its absence as this `try` does.
    return [];
  }
}

/**
 * Creates an error from the code and the message that a thread has sent. Sending the error itself would lose its class
 * and its code.
 */
export function toError({ code, message }: { readonly code: unknown; readonly message: string }): Error {
  return Object.assign(new Error(message), { code });
}

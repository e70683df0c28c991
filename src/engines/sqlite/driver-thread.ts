import { Worker } from 'node:worker_threads';
import { assertSpareDescriptors } from '../../runtime/spare-descriptors';

// Source text of the thread, because a thread cannot load one file of this package in every application.
const frame = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Driver = require(workerData.driver);
  const work = async (data, tell) => { WORK };
  work(workerData.data, (news) => parentPort.postMessage({ news })).then(
    (result) => parentPort.postMessage({ result }),
    ({ code, message }) => parentPort.postMessage({ failure: { code, message } }),
  );
`;

type Message<T> =
  | { readonly result: T }
  | { readonly news: unknown }
  | { readonly failure: { readonly code: unknown; readonly message: string } };

/**
 * Runs work that would block the event loop in a thread with SQLite's driver.
 *
 * @param work - body of an async JavaScript function that can use `Driver`, `data`, and `tell(news)`.
 * @param onNews - called with each value that the work passes to `tell`; an error that it throws ends the work, and is
 * thrown.
 * @throws errors of the driver, with their code.
 */
export async function runInDriverThread<T>(
  work: string,
  data: object,
  onNews: (news: unknown) => void = () => undefined,
): Promise<T> {
  assertSpareDescriptors();
  const workerData = { driver: require.resolve('better-sqlite3'), data };
  const worker = new Worker(
    frame.replace('WORK', () => work),
    { eval: true, workerData, execArgv: threadArguments() },
  );
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
    // After that, the thread has no connection open, and writes to no file.
    await worker.terminate();
  }
}

// Omits the options of the process, such as a TypeScript loader, which only cost time. With Yarn's Plug'n'Play the
// thread needs its loader, too: the process may have loaded it by an option.
function threadArguments(): string[] {
  return process.versions['pnp'] === undefined ? [] : ['--require', require.resolve('pnpapi')];
}

/** An error that was passed between threads, which keep neither its class nor its code. */
export function toError({ code, message }: { readonly code: unknown; readonly message: string }): Error {
  return Object.assign(new Error(message), { code });
}

import { DatabaseService } from '../../src';
import { printers } from './error-printers';
import { provocations } from './provoked-errors';

/** Provokes one failure at `url`, prints it in every way, and ends with the error uncaught. */
async function main(url: string, name: string): Promise<void> {
  const db = new DatabaseService({ url, retry: false });
  await db.initialize();
  const error = await provocations[name]?.(db).then(
    () => new Error('nothing has failed'),
    (reason: unknown) => reason as Error,
  );
  await db.close();
  if (error === undefined) throw new Error(`nothing provokes ${name}`);
  for (const print of Object.values(printers)) process.stdout.write(`${print(error)}\n`);
  for (const method of ['error', 'log', 'dir', 'trace'] as const) console[method](error);
  // Outside the promise, so that Node.js prints it as an uncaught exception.
  setImmediate(() => {
    throw error;
  });
}

void main(process.argv[2] ?? '', process.argv[3] ?? '');

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DatabaseService } from '../../src';
import { Work } from './work';

/**
 * Waits for a line on the standard input, then opens the database at `url` and writes to it until the next line. Prints
 * each notice of a call at once as a line of JSON: what was written to a pipe outlives the process.
 */
async function main(url: string): Promise<void> {
  const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const orders = createInterface(process.stdin);
  await once(orders, 'line');
  print('opening');
  const db = new DatabaseService({ url, migrations: 'apply', busyTimeoutMs: 30_000 });
  await db.initialize();
  const work = await Work.start(db, print);
  await once(orders, 'line');
  await work.stop();
  await db.close();
  process.exit();
}

void main(process.argv[2] ?? '');

import { createInterface } from 'node:readline';
import { DatabaseService } from '../../src';

/** Gives the agent `a` of the database at `url` each version that it is told on the standard input, and says so. */
async function main(url: string): Promise<void> {
  await using db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  process.stdout.write('ready\n');
  for await (const version of createInterface(process.stdin)) {
    await db.updateAgent({ id: 'a', version });
    process.stdout.write(`${version}\n`);
  }
}

void main(process.argv[2] ?? '');

import { createInterface } from 'node:readline';
import { DatabaseService } from '../../src';

/** Sets the version of the agent `a` in the database at `url` to each line of standard input, and prints the line. */
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

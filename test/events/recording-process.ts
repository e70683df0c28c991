import { DatabaseService } from '../../src';
import { eventInput } from '../support/factories';

/** Records events as fast as it can: one by one, many at once and inside transactions; tells how many. */
async function main(url: string, name: string, rounds: number): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  const event = () => eventInput({ source: name, metadata: { name } });
  let count = 0;
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all([
      db.events.record(event()),
      db.events.recordMany([event(), event(), event()]),
      db.transaction(async (tx) => {
        await tx.events.record(event());
        await tx.events.record(event());
      }),
    ]);
    count += 6;
  }
  await db.close();
  process.stdout.write(`${count}\n`);
}

const [url = '', name = '', rounds = '0'] = process.argv.slice(2);
void main(url, name, Number(rounds));

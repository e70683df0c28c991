import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killRounds } from './rounds';
import { nextLine, startProcess, type TestProcess } from '../support/child-process';
import { engine } from '../support/engine';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { Ledger } from './ledger';

const path = join(__dirname, 'writing-process.ts');

/** After how many kills the next database is begun, so that to look through one does not take ever longer. */
const killsPerDatabase = 10;

/** A process lives for so long at most: from when it opens the database on, or from its first acknowledgement on. */
const longestLifeMs = 500;

test('A process that is killed in the middle of its writes loses nothing that it was acknowledged, and leaves no half', async () => {
  let acknowledged = 0;
  let url = '';
  let ledger = new Ledger();
  let writer: TestProcess | undefined;
  let next: TestProcess | undefined;
  const start = async (round: number): Promise<void> => {
    if (round >= killRounds) return;
    if (round % killsPerDatabase === 0) url = await newDatabaseUrl();
    next = startProcess(path, url, `round-${round}`);
  };
  await start(0);
  for (let round = 0; round < killRounds; round += 1) {
    if (round % killsPerDatabase === 0) ledger = new Ledger();
    const [thisUrl, before] = [url, ledger.acknowledged];
    writer = next;
    if (writer === undefined) throw new Error('no process was started');
    ledger.follow(writer);
    const opening = nextLine(writer);
    writer.child.stdin?.write('open\n');
    await opening;
    // Some are killed while they open the database, also when it is still to be made.
    if (round % killsPerDatabase !== 0 && round % 4 !== 0) await nextLine(writer);
    await sleep(Math.random() * longestLifeMs);
    writer.child.kill('SIGKILL');
    expect(await writer.ended).toBeNull();
    // While this one's work is looked at, the next one starts.
    await start(round + 1);
    const database = await openTestDatabase({ url: thisUrl, migrations: 'apply' });
    await ledger.verify(database);
    await database.db.close();
    acknowledged += ledger.acknowledged - before;
  }
  process.stdout.write(`kill -9 on ${engine}: ${killRounds} rounds, ${acknowledged} acknowledged, 0 lost\n`);
  expect(acknowledged).toBeGreaterThan(killRounds);
}, 900_000);

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killRounds } from './rounds';
import { nextLine, startProcess, type TestProcess } from '../support/child-process';
import { engine } from '../support/engine';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { Ledger } from './ledger';

const path = join(__dirname, 'writing-process.ts');

/** Number of times that one of them is killed. */
const kills = Math.ceil(killRounds / 4);

test('Four processes write to one database while now and then one is killed and started again: nobody loses anything', async () => {
  const url = await newDatabaseUrl();
  const ledger = new Ledger();
  let started = 0;
  const start = (): TestProcess => {
    const writer = startProcess(path, url, `writer-${started}`);
    started += 1;
    ledger.follow(writer);
    writer.child.stdin?.write('open\n');
    return writer;
  };
  const writers = [start(), start(), start(), start()];
  const certified = async (writer: TestProcess): Promise<void> => {
    for (let line = ''; !line.startsWith('certified');) line = await nextLine(writer);
  };
  // The first makes the database, while the others wait for it.
  await Promise.all(writers.map(certified));
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(Math.random() * 500);
    const index = Math.floor(Math.random() * writers.length);
    writers[index]?.child.kill('SIGKILL');
    expect(await writers[index]?.ended).toBeNull();
    // What the others are in the middle of is looked at as well; what was lost now would be lost at the end.
    if (kill % 5 === 4) {
      const { db } = await openTestDatabase({ url });
      expect((await db.check()).findings).toEqual([]);
      await db.close();
    }
    const writer = start();
    writers[index] = writer;
    await certified(writer);
  }
  for (const { child } of writers) child.stdin?.write('end\n');
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  await ledger.verify(await openTestDatabase({ url }));
  const { acknowledged } = ledger;
  process.stdout.write(`four writers on ${engine}: ${kills} killed, ${acknowledged} acknowledged, 0 lost\n`);
  expect(acknowledged).toBeGreaterThan(10 * kills);
}, 900_000);

import { join } from 'node:path';
import { nextLine, startProcess } from '../support/child-process';
import { openDue } from './due';

test('db.maintain can run in several processes at once, and each record is counted once', async () => {
  const { db, options } = await openDue(120);
  // The changes that the processes add are newer than this time.
  const before = new Date(Date.now() + 1);
  const length = (await db.changes({ limit: 10_000 })).length;
  await new Promise((resolve) => setTimeout(resolve, 10));
  const path = join(__dirname, 'maintaining-process.ts');
  const processes = [1, 2, 3].map(() => startProcess(path, options.url, before.toISOString()));
  const counts = (await Promise.all(processes.map(nextLine))).map((line) => JSON.parse(line) as number[]);
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const sums = [0, 1, 2, 3].map((place) => counts.reduce((sum, report) => sum + (report[place] ?? 0), 0));
  expect(sums).toEqual([120, 120, length, 121]);
  expect(await db.check()).toMatchObject({ ok: true });
});

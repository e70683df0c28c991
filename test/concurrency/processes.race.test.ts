import { join } from 'node:path';
import type { Change } from '../../src';
import { nextLine, startProcess } from '../support/child-process';
import { rawRows, rawValues } from '../support/raw-reader';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { rounds, turns } from '../support/race';
import type { WriteReport } from './racing-process';

const path = join(__dirname, 'racing-process.ts');

test('processes that create and fill one database at the same time lose no write or change-feed entry', async () => {
  const url = await newDatabaseUrl();
  // Few rounds use only two processes: the start of a process takes longer than its rounds.
  const names = rounds < 100 ? ['a', 'b'] : ['a', 'b', 'c', 'd'];
  const processes = names.map((name) => startProcess(path, url, name, String(rounds)));
  const { db, options } = await openTestDatabase({ url, busyTimeoutMs: 20_000, maxResults: 1_000_000 });
  const end = new AbortController();
  const seen: Change[] = [];
  const reading = (async () => {
    for await (const change of db.followChanges({ pollMs: 2, signal: end.signal })) seen.push(change);
  })();
  const breaks: unknown[] = [];
  const verifying = (async () => {
    while (!end.signal.aborted) {
      const result = await db.events.verify();
      if (!result.valid) breaks.push(result);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const lines = await Promise.all(processes.map(nextLine));
  const reports = lines.map((line) => JSON.parse(line) as WriteReport);
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual(names.map(() => 0));
  const feed = (await rawValues({ options }, 'changes', 'sequence')).map(Number);
  while (seen.length < feed.length) await turns(1);
  end.abort();
  await Promise.all([reading, verifying]);

  const acknowledged = reports.flatMap((report) => report.acknowledged);
  // Of the processes that create the same id, one succeeds. No call fails for another reason.
  expect(acknowledged).toHaveLength((names.length + 1) * rounds);
  const failed = reports.map((report) => report.failed);
  expect(failed.flatMap(Object.keys).filter((code) => code !== 'ALREADY_EXISTS')).toEqual([]);
  expect(failed.reduce((sum, codes) => sum + (codes['ALREADY_EXISTS'] ?? 0), 0)).toBe((names.length - 1) * rounds);
  const agents = await rawRows({ options }, 'agents');
  expect(agents.map(({ id }) => String(id)).sort()).toEqual([...acknowledged].sort());
  for (const [index, report] of reports.entries()) {
    const own = agents.filter(({ owner }) => owner === names[index]).map(({ id }) => String(id));
    expect(own.sort()).toEqual([...report.acknowledged].sort());
  }
  expect(await rawRows({ options }, 'agent_capabilities')).toHaveLength(2 * agents.length);
  expect(await rawRows({ options }, 'capabilities')).toHaveLength(1 + rounds + 1);

  expect(seen.map(({ sequence }) => sequence)).toEqual(feed);
  const created = [...acknowledged, ...names.map((name) => `certificate-${name}`)];
  expect(seen.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(created.map((id) => `CREATED ${id}`).sort());

  expect(breaks).toEqual([]);
  const entries = reports.reduce((sum, { events }) => sum + events, 0);
  expect(await db.events.verify()).toMatchObject({ valid: true, entries });
  expect(await db.events.count()).toBe(entries);
});

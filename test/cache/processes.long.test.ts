import { join } from 'node:path';
import { nextLine, startProcess } from '../support/child-process';
import { onPostgresql } from '../support/engine';
import { createAgent } from '../support/factories';
import { rounds } from '../support/race';
import { expectSoon, versionOf } from './expect-soon';
import { openCache } from './open-cache';

test(`a change of another process is visible in the cache ${onPostgresql ? 'within 5 seconds' : 'at once'}`, async () => {
  const { db, options, outcomes } = await openCache();
  await createAgent(db, { id: 'a' });
  const updating = startProcess(join(__dirname, 'updating-process.ts'), options.url);
  await nextLine(updating);
  const count = onPostgresql ? 5 : 10 * rounds;
  for (let round = 0; round < count; round += 1) {
    // The record is in the cache before the other process changes it.
    await db.getAgent('a');
    await db.getAgent('a');
    const done = nextLine(updating);
    updating.child.stdin?.write(`1.0.${round}\n`);
    expect(await done).toBe(`1.0.${round}`);
    await expectSoon(versionOf(db), `1.0.${round}`);
  }
  expect(outcomes().filter((outcome) => outcome === 'hit agent').length).toBeGreaterThanOrEqual(count);
  updating.child.stdin?.end();
  expect(await updating.ended).toBe(0);
});

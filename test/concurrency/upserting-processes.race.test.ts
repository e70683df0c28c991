import { join } from 'node:path';
import { certificateInput } from '../support/factories';
import { nextLine, startProcess } from '../support/child-process';
import { inTurn, rounds } from '../support/race';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';
import type { UpsertOrder, UpsertReport } from './upserting-process';

const path = join(__dirname, 'upserting-process.ts');
const keys = Array.from({ length: 6 }, (_, index) => index);

describe('two processes that call upsertMany by owner, name and version at the same time', () => {
  test('register one agent for each key, and their outcomes add up', async () => {
    const { db, options } = await openTestDatabase({ busyTimeoutMs: 20_000, maxResults: 1_000_000 });
    await db.createCertificate(certificateInput({ id: 'shared' }));
    const processes = [startProcess(path, options.url), startProcess(path, options.url)] as const;
    expect(await Promise.all(processes.map(nextLine))).toEqual(['ready', 'ready']);
    const upsert = async (orders: readonly UpsertOrder[]): Promise<UpsertReport[]> => {
      const lines = processes.map(({ ask }, index) => ask(JSON.stringify(orders[index])));
      return (await Promise.all(lines)).map((line) => JSON.parse(line) as UpsertReport);
    };
    let updates = 0;
    await inTurn(rounds, async (round) => {
      const orderOf = (description: string): UpsertOrder => ({ round, keys, description });
      const reversed = (order: UpsertOrder): UpsertOrder => ({ ...order, keys: order.keys.toReversed() });
      const expectOutcomes = (reports: readonly UpsertReport[], first: string, second: string): void => {
        for (const key of keys) {
          const outcomes = reports.map((report) => report[`n${key}`]);
          expect({ round, outcomes: outcomes.sort() }).toEqual({ round, outcomes: [first, second].sort() });
        }
      };
      const same = orderOf('same');
      expectOutcomes(await upsert([same, reversed(same)]), 'created', 'unchanged');
      expectOutcomes(await upsert([reversed(same), same]), 'unchanged', 'unchanged');
      const next = orderOf('next');
      expectOutcomes(await upsert([next, reversed(next)]), 'updated', 'unchanged');
      // Each process changes every agent, so the later one sets the description of all agents.
      expectOutcomes(await upsert([orderOf('a'), reversed(orderOf('b'))]), 'updated', 'updated');
      updates += 3 * keys.length;
      const stored = await db.agents.query({ owner: `o${round}`, orderBy: 'name' });
      expect(stored.map(({ name }) => name)).toEqual(keys.map((key) => `n${key}`));
      expect(new Set(stored.map(({ description }) => description)).size).toBe(1);
    });
    for (const { child } of processes) child.stdin?.end();
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0]);
    const kinds = (await rawRows({ options }, 'changes'))
      .filter(({ entity }) => entity === 'AGENT')
      .map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'CREATED')).toHaveLength(rounds * keys.length);
    expect(kinds.filter((kind) => kind === 'UPDATED')).toHaveLength(updates);
  }, 300_000);
});

import { DatabaseService, isDatabaseError } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { openTestDatabase } from '../support/test-database';
import { createSignal } from '../support/signal';
import { faultRounds } from '../faults/rounds';
import { TcpProxy } from '../support/tcp-proxy';

/** Two services on one database, as two processes have them. */
async function openTwo(): Promise<{
  readonly one: DatabaseService;
  readonly two: DatabaseService;
  readonly url: string;
}> {
  const { db: one, options } = await openTestDatabase();
  const { db: two } = await openTestDatabase(options);
  await createCertificate(one, { id: 'c' });
  return { one, two, url: options.url };
}

/** How each of some calls that run at once ends: its value, or the code of its error. */
async function outcomes(...calls: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(calls.map((call) => call()));
  return settled.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    if (isDatabaseError(result.reason)) return result.reason.code;
    throw result.reason;
  });
}

async function rounds(work: (round: number) => Promise<void>, count = faultRounds): Promise<void> {
  for (let round = 0; round < count; round += 1) await work(round);
}

async function count(url: string, from: string): Promise<number> {
  const [[row] = []] = await runRaw(url, `SELECT count(*)::integer AS n FROM ${from}`);
  return Number(row?.['n']);
}

const orphans = `capabilities c WHERE NOT EXISTS (SELECT 1 FROM agent_capabilities ac WHERE ac.capability_id = c.id)`;

function agent(id: string, capabilities: readonly string[], fields: object = {}) {
  return agentInput({ id, certificateId: 'c', capabilities: [...capabilities], ...fields });
}

test('Many callers that give and take the same capabilities get in nobody’s way for good', async () => {
  const { one, two, url } = await openTwo();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const some = (seed: number) => names.filter((_name, index) => ((seed * 2_654_435_761) >>> (index + 3)) % 2 === 0);
  await Promise.all(
    Array.from({ length: 4 }, async (_, caller) => {
      const db = caller % 2 === 0 ? one : two;
      await rounds(async (round) => {
        const id = `${caller}-${round}`;
        const seed = caller * 1000 + round;
        await db.createAgent(agent(id, some(seed)));
        await db.updateAgent({ id, capabilities: some(seed + 17) });
        expect((await db.getAgent(id))?.capabilities).toEqual(some(seed + 17));
        if (round % 2 === 0) await db.deleteAgent(id);
      });
    }),
  );
  expect(await count(url, orphans)).toBe(0);
});

describe('Transactions at the same time', () => {
  test('that want two records in opposite orders both succeed: one of them is done again', async () => {
    const { one, two } = await openTwo();
    await one.createAgent(agent('a', []));
    await one.createAgent(agent('b', []));
    await rounds(
      async (round) => {
        const both = [createSignal(), createSignal()];
        let attempts = 0;
        const change = (db: DatabaseService, own: number, ids: readonly [string, string]) =>
          db.transaction(async (tx) => {
            attempts += 1;
            await tx.updateAgent({ id: ids[0], version: `1.${round}.${own}` });
            both[own]?.give();
            await both[1 - own]?.given;
            await tx.updateAgent({ id: ids[1], version: `1.${round}.${own}` });
            return own;
          });
        expect(await Promise.all([change(one, 0, ['a', 'b']), change(two, 1, ['b', 'a'])])).toEqual([0, 1]);
        expect(attempts).toBeGreaterThan(2);
        const versions = (await Promise.all([one.getAgent('a'), one.getAgent('b')])).map((found) => found?.version);
        expect(versions[0]).toBe(versions[1]);
      },
      Math.ceil(faultRounds / 10),
    );
  });

  test.each([
    ['one service', 1],
    ['two services', 2],
  ])('of twenty callers of %s that read, add and write: nobody’s addition is lost', async (_name, services) => {
    const { one, two } = await openTwo();
    await one.createAgent(agent('sum', [], { metadata: { value: 0 } }));
    const add = (db: DatabaseService) =>
      db.transaction(async (tx) => {
        const found = await tx.getAgent('sum');
        const value = Number(found?.metadata['value']);
        await tx.updateAgent({ id: 'sum', metadata: { value: value + 1 } });
      });
    const ends = await outcomes(
      ...Array.from({ length: 20 }, (_, caller) => () => add(caller % services === 0 ? one : two)),
    );
    const failures = ends.filter((end) => end !== undefined);
    expect(failures).toEqual(services === 1 ? [] : failures.map(() => 'CONFLICT'));
    expect(await one.getAgent('sum')).toMatchObject({ metadata: { value: 20 - failures.length } });
  });

  test('that create one id: one succeeds, the other finds it taken, and nothing of it stays', async () => {
    const { one, two, url } = await openTwo();
    await rounds(async (round) => {
      const id = `a${round}`;
      const create = (db: DatabaseService, owner: string) => () =>
        db.transaction(async (tx) => {
          await tx.createCertificate(certificateInput({ id: `${owner}-${round}` }));
          return tx.createAgent(agent(id, ['x'], { owner }));
        });
      const made = await outcomes(create(one, 'one'), create(two, 'two'));
      expect([...made].sort()).toEqual(['ALREADY_EXISTS', id]);
      expect(await count(url, `certificates WHERE id LIKE '%-${round}'`)).toBe(1);
    });
  });

  test('of which one gives a capability that the other takes away: neither is left without', async () => {
    const { one, two, url } = await openTwo();
    await rounds(async (round) => {
      await one.createAgent(agent('old', ['x', 'y']));
      const id = `new${round}`;
      const ends = await outcomes(
        () => one.transaction((tx) => tx.createAgent(agent(id, ['y', 'x']))),
        () => two.transaction((tx) => tx.deleteAgent('old')),
      );
      expect(ends).toEqual([id, true]);
      expect(await one.getAgent(id)).toMatchObject({ capabilities: ['x', 'y'] });
      await one.deleteAgent(id);
      expect(await count(url, 'capabilities')).toBe(0);
    });
  });
});

test('A transaction that deletes the last holder it sees of a capability takes it from nobody who came later', async () => {
  const { one, two, url } = await openTwo();
  await one.createAgent(agent('old', ['x', 'y']));
  let attempts = 0;
  await one.transaction(async (tx) => {
    attempts += 1;
    await tx.getAgent('old');
    if (attempts === 1) await two.createAgent(agent('new', ['x', 'y']));
    await tx.deleteAgent('old');
  });
  expect(await one.getAgent('new')).toMatchObject({ capabilities: ['x', 'y'] });
  await two.deleteAgent('new');
  expect(await count(url, 'capabilities')).toBe(0);
});

describe('Inside one transaction', () => {
  test('calls at once are all done, one after another', async () => {
    const { one, url } = await openTwo();
    await one.transaction(async (tx) => {
      const ids = Array.from({ length: 20 }, (_, index) => `a${index}`);
      expect(await Promise.all(ids.map((id) => tx.createAgent(agent(id, ['x', id]))))).toEqual(ids);
      const mixed = await Promise.all([
        tx.getAgent('a0'),
        tx.deleteAgent('a1'),
        tx.updateCertificateStatus('c', 'SUSPENDED'),
        tx.queryAgents({ capabilities: ['x'] }),
        tx.updateCertificateStatus('c', 'VALID'),
      ]);
      expect(mixed[3]).toHaveLength(19);
    });
    expect(await count(url, 'agents')).toBe(19);
    expect(await count(url, orphans)).toBe(0);
  });

  test('a call that fails and is caught leaves the others, also among calls at once', async () => {
    const { one, url } = await openTwo();
    await one.transaction(async (tx) => {
      await tx.createAgent(agent('first', ['x']));
      const results = await Promise.allSettled([
        tx.createAgent(agent('second', ['x'])),
        tx.createAgent(agent('first', ['y'])),
        tx.createAgent(agentInput({ id: 'third', certificateId: 'unknown', capabilities: ['z'] })),
        tx.createAgent(agent('fourth', ['w'])),
        tx.updateCertificateStatus('c', 'REVOKED'),
        tx.updateCertificateStatus('c', 'VALID'),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
        'fulfilled',
        'rejected',
      ]);
    });
    const [rows = []] = await runRaw(url, 'SELECT id FROM agents ORDER BY id');
    expect(rows.map(({ id }) => id)).toEqual(['first', 'fourth', 'second']);
    const [names = []] = await runRaw(url, 'SELECT name FROM capabilities ORDER BY name');
    expect(names.map(({ name }) => name)).toEqual(['w', 'x']);
    expect(await one.getCertificate('c')).toMatchObject({ status: 'REVOKED' });
  });

  test('a call that got into another transaction’s way and is caught leaves the others', async () => {
    const { one, two } = await openTwo();
    await one.createAgent(agent('a', []));
    await one.transaction(async (tx) => {
      await tx.getAgent('a');
      await Promise.resolve(outside(() => two.updateAgent({ id: 'a', name: 'changed meanwhile' })));
      await expectError('CONFLICT', () => tx.updateAgent({ id: 'a', name: 'mine' }));
      await tx.createAgent(agent('b', []));
    });
    expect(await one.getAgent('a')).toMatchObject({ name: 'changed meanwhile' });
    expect(await one.getAgent('b')).not.toBeNull();
  });

  // Another service's calls are no part of the transaction.
  function outside<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  test('a read sees one state, whatever others commit; the outer database sees what is committed', async () => {
    const { one, two } = await openTwo();
    await one.transaction(async (tx) => {
      expect(await tx.getAgent('late')).toBeNull();
      await two.createAgent(agent('late', []));
      expect(await tx.getAgent('late')).toBeNull();
      expect(await one.getAgent('late')).not.toBeNull();
      await expectError('CONFLICT', () => one.createAgent(agent('beside', [])));
    });
  });
});

test('On a server that speaks another language, a failed call inside a transaction leaves the others, too', async () => {
  const { one, url } = await openTwo();
  const proxy = await TcpProxy.start(url);
  // The field of the severity, as a German server sends it, but for the length.
  proxy.replace('SERROR\0', 'SFEHLE\0');
  const { db } = await openTestDatabase({ url: proxy.url(url) });
  await db.transaction(async (tx) => {
    await tx.createAgent(agent('a', []));
    await expectError('ALREADY_EXISTS', () => tx.createAgent(agent('a', [])));
    await tx.createAgent(agent('b', []));
  });
  expect(await one.queryAgents({})).toHaveLength(2);
});

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService, TransactionIsolation, TransactionScope } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { testOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const rounds = 5;

interface Services {
  readonly db: DatabaseService;
  readonly other: DatabaseService;
}

/** Opens two services on one database, as two processes do. */
async function openTwo(): Promise<Services> {
  const { db, options } = await openTestDatabase();
  const { db: other } = await openTestDatabase(options);
  await createCertificate(db, { id: 'c' });
  return { db, other };
}

/** Registers an agent with a unique name when the owner has no agent. */
async function createFirst(tx: TransactionScope, owner: string): Promise<void> {
  const agent = agentInput({ name: randomUUID(), owner, certificateId: 'c' });
  if ((await tx.agents.count({ owner })) === 0) await tx.createAgent(agent);
}

/**
 * Runs two concurrent transactions for each owner, on two services or on one. Each transaction registers the owner's
 * first agent. Returns the number of agents of each owner.
 */
async function registerFirsts({ db, other }: Services, isolation: TransactionIsolation): Promise<number[]> {
  const counts: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const owner = `owner-${round}`;
    const register = (service: DatabaseService) => service.transaction((tx) => createFirst(tx, owner), { isolation });
    await Promise.all([register(db), register(round % 2 === 0 ? other : db)]);
    counts.push(await db.agents.count({ owner }));
  }
  return counts;
}

describe('db.transaction with isolation: serializable', () => {
  test('serializable transactions enforce a limit that each of them checks by counting', async () => {
    expect(await registerFirsts(await openTwo(), 'serializable')).toEqual(Array.from({ length: rounds }, () => 1));
  });

  test('serializable transactions keep one of two agents ACTIVE when each suspends one unless it is the last', async () => {
    const services = await openTwo();
    const { db, other } = services;
    for (let round = 0; round < rounds; round += 1) {
      const owner = `pair-${round}`;
      const ids = [`${owner}-0`, `${owner}-1`];
      for (const id of ids) await createAgent(db, { id, owner, certificateId: 'c' });
      const stepDown = (service: DatabaseService, id: string) =>
        service.transaction(
          async (tx) => {
            if ((await tx.agents.count({ owner, status: ['ACTIVE'] })) > 1) await tx.agents.setStatus(id, 'SUSPENDED');
          },
          { isolation: 'serializable' },
        );
      await Promise.all(ids.map((id, index) => stepDown(index === 0 ? db : other, id)));
      expect(await db.agents.count({ owner, status: ['ACTIVE'] })).toBe(1);
    }
  });

  test('serializable transactions of many concurrent callers are all committed', async () => {
    const { db } = await openTestDatabase({ retry: { attempts: 50, budgetMs: 30_000 } });
    await createCertificate(db, { id: 'c' });
    const owners = Array.from({ length: 16 }, (_, index) => `owner-${index % 4}`);
    await Promise.all(
      owners.map((owner) => db.transaction((tx) => createFirst(tx, owner), { isolation: 'serializable' })),
    );
    expect(await db.agents.count({})).toBe(4);
    expect(await db.check()).toMatchObject({ ok: true });
  });

  testOn(
    'postgresql',
    'a serializable transaction runs its callback again on an open connection after a conflict',
    async () => {
      const { db, options } = await openTestDatabase({ pool: { maxConnections: 2, idleTimeoutMs: 0 } });
      await createCertificate(db, { id: 'c' });
      await Promise.all([db.transaction((tx) => tx.getAgent('a')), db.transaction((tx) => tx.getAgent('a'))]);
      const backends = () =>
        runRaw(
          options.url,
          `SELECT pid FROM pg_stat_activity WHERE application_name = 'ans-database' AND datname = current_database()
          ORDER BY pid`,
        );
      const before = await backends();
      expect(await skewOnce(db, 'serializable')).toEqual({ agents: 1, runs: 3 });
      expect(await backends()).toEqual(before);
    },
  );

  testOn(
    'postgresql',
    'a serializable transaction fails with a retryable CONFLICT when retries are disabled',
    async () => {
      const { db } = await openTestDatabase({ retry: false });
      await createCertificate(db, { id: 'c' });
      const error = await expectError('CONFLICT', () => skewOnce(db, 'serializable'));
      expect(error.retryable).toBe(true);
      expect(await db.agents.count({})).toBe(1);
    },
  );
});

describe('db.transaction with isolation: snapshot', () => {
  testOn(
    'postgresql',
    'both of two snapshot transactions that read the same records and change different ones are committed',
    async () => {
      for (const isolation of ['snapshot', undefined] as const) {
        const { db } = await openTestDatabase();
        await createCertificate(db, { id: 'c' });
        expect(await skewOnce(db, isolation)).toEqual({ agents: 2, runs: 2 });
      }
    },
  );

  testOn('sqlite', 'snapshot transactions run one after another on SQLite', async () => {
    expect(await registerFirsts(await openTwo(), 'snapshot')).toEqual(Array.from({ length: rounds }, () => 1));
  });
});

test.each([undefined, 'snapshot'] as const)(
  'db.transaction with isolation: %s loses no update when concurrent callbacks read, wait and write',
  async (isolation) => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { metadata: { count: 0 } });
    const increment = () =>
      db.transaction(
        async (tx) => {
          const agent = await tx.getAgent(id);
          await sleep(1);
          await tx.updateAgent({ id, metadata: { count: Number(agent?.metadata['count']) + 1 } });
        },
        { isolation },
      );
    await Promise.all(Array.from({ length: 10 }, increment));
    expect(await db.getAgent(id)).toMatchObject({ metadata: { count: 10 } });
  },
);

describe('db.transaction', () => {
  const shared = shareTestDatabase();

  test.each<[string, unknown]>([
    ['another isolation level', { isolation: 'read committed' }],
    ['an isolation level in another letter case', { isolation: 'SERIALIZABLE' }],
    ['null as the isolation level', { isolation: null }],
    ['an unknown option', { isolatoin: 'serializable' }],
    ['a text as the options', 'serializable'],
    ['null as the options', null],
  ])('db.transaction refuses %s with INVALID_INPUT and does not run the callback', async (_name, options) => {
    const work = jest.fn();
    const error = await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'transaction', work, options));
    expect([error.operation, error.field?.startsWith('options')]).toEqual(['transaction', true]);
    expect(work).not.toHaveBeenCalled();
    await shared().db.createCertificate(certificateInput());
  });

  test('db.transaction refuses a missing callback with INVALID_INPUT', async () => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'transaction', undefined));
    await shared().db.createCertificate(certificateInput());
  });
});

/**
 * Runs two transactions that both count before either of them registers an agent. Returns the number of agents and the
 * number of runs of the callbacks.
 */
async function skewOnce(db: DatabaseService, isolation: TransactionIsolation | undefined) {
  const counted = [createSignal(), createSignal()];
  let runs = 0;
  const calls = counted.map(async (signal) =>
    db.transaction(
      async (tx) => {
        runs += 1;
        const count = await tx.agents.count({ owner: 'one' });
        signal.give();
        await Promise.all(counted.map(({ given }) => given));
        if (count === 0) await tx.createAgent(agentInput({ name: randomUUID(), owner: 'one', certificateId: 'c' }));
      },
      { isolation },
    ),
  );
  // Waits for both, because the other transaction may still commit when one has failed.
  await Promise.allSettled(calls);
  await Promise.all(calls);
  return { agents: await db.agents.count({ owner: 'one' }), runs };
}

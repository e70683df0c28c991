import { inspect } from 'node:util';
import { DatabaseService, driverErrorOf, isDatabaseError, type DatabaseOptions } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { callMethod, databaseCalls, fillForCalls, makeCall, publicCalls } from '../support/public-calls';
import { findFreePort } from '../support/server-process';
import { testOn } from '../support/skip';
import { printers } from './error-printers';
import { afterTest, newDatabaseUrl } from '../support/test-database';

/** Secret that must not appear anywhere; it is part of every text of the calls. */
const secret = 's3cr3t-7f0e';
const mark = (text: string): string => `${text} ${secret}`;

const calls = [...publicCalls, ...databaseCalls].filter(({ name }) => !['initialize', 'close'].includes(name));

/** Calls that the stored records stand against. */
const refusedCalls: readonly ((db: DatabaseService) => Promise<unknown>)[] = [
  (db) => db.createAgent(agentInput({ id: mark('a'), certificateId: mark('c') })),
  (db) => db.transaction((tx) => tx.createAgent(agentInput({ id: mark('a'), certificateId: mark('c') }))),
  (db) => db.agents.createMany([agentInput({ id: mark('a'), certificateId: mark('c') })]),
  (db) => db.createAgent(agentInput({ certificateId: mark('none') })),
  (db) => db.createCertificate(certificateInput({ id: mark('c') })),
  (db) => db.createCertificate(certificateInput({ fingerprint: mark('AA') })),
  (db) => db.certificates.updateStatus(mark('r'), 'VALID'),
  (db) => db.certificates.rotate(mark('none'), certificateInput()),
  (db) => db.recordSecurityEvent(eventInput({ id: mark('e') })),
  (db) => db.events.recordMany([eventInput({ id: mark('e') })]),
];

/** Hears all that an application, and who looks at its terminal, is told. */
function createWitness() {
  const heard: unknown[] = [];
  const errors: Error[] = [];
  const hear = (...told: unknown[]): boolean => {
    heard.push(told);
    return true;
  };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(hear),
    jest.spyOn(process.stderr, 'write').mockImplementation(hear),
    ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      jest.spyOn(console, name).mockImplementation(hear),
    ),
  ];
  afterTest(() => spies.forEach((spy) => spy.mockRestore()));
  const options: DatabaseOptions = { logger: { debug: hear, info: hear, warn: hear, error: hear }, onEvent: hear };
  const attempt = async (call: () => unknown): Promise<void> => {
    try {
      hear(await call());
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      errors.push(error);
    }
  };
  const shown = (): string =>
    [
      JSON.stringify([heard, errors]),
      inspect([heard, errors], { depth: 20, showHidden: true }),
      ...errors.flatMap((error) => Object.values(printers).map((print) => print(error))),
    ].join('\n');
  const told = (type: string) => heard.flat().filter((entry) => Reflect.get(Object(entry), 'type') === type);
  return { options, attempt, shown, errors, told, forget: () => void heard.splice(0) };
}

/** Makes every call; what it answers with is the caller's own. */
async function callAll({ attempt }: ReturnType<typeof createWitness>, db: DatabaseService, except = ''): Promise<void> {
  for (const call of calls) {
    if (call.name === except) continue;
    await attempt(async () => {
      await makeCall(db, call, mark);
    });
  }
}

describe('No value of the caller’s is shown by any call', () => {
  test('that succeeds, or that the database refuses', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), retry: false, ...witness.options });
    afterTest(() => db.close());
    await db.initialize();
    await fillForCalls(db, mark);
    await callAll(witness, db);
    const before = witness.errors.length;
    for (const call of refusedCalls) await witness.attempt(() => call(db));
    expect(witness.errors.length).toBe(before + refusedCalls.length);
    expect(witness.told('query').length).toBeGreaterThan(50);
    expect(witness.told('error')).toHaveLength(witness.errors.length);
    expect(witness.shown()).not.toContain(secret);
  });

  test('whose arguments are wrong', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), ...witness.options });
    afterTest(() => db.close());
    await db.initialize();
    for (const { name } of calls) {
      for (const wrong of [{ [secret]: secret }, [secret], `${secret}\0`]) {
        await witness.attempt(async () => {
          await callMethod(db, name, [wrong, wrong, wrong]);
        });
      }
    }
    expect(witness.errors.length).toBeGreaterThan(80);
    expect(witness.shown()).not.toContain(secret);
  });

  test('while the database is down', async () => {
    const witness = createWitness();
    const retry = { attempts: 2, baseDelayMs: 1 };
    const { db, breakDown, recover } = await openFailingDatabase({ ...witness.options, retry });
    await fillForCalls(db, mark);
    witness.forget();
    await breakDown();
    // The feed is followed until the database is there again.
    await callAll(witness, db, 'followChanges');
    expect(witness.errors.length).toBeGreaterThan(35);
    expect(witness.told('error')).toHaveLength(witness.errors.length);
    expect(witness.told('breaker').length).toBeGreaterThan(0);
    expect(witness.shown()).not.toContain(secret);
    await recover();
  });

  test('of a database that is not open', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), ...witness.options });
    await callAll(witness, db);
    expect(witness.errors).toHaveLength(calls.length);
    expect(witness.told('error')).toHaveLength(witness.errors.length);
    expect(witness.shown()).not.toContain(secret);
  });
});

describe('No password of a URL is shown', () => {
  test('where nobody listens', async () => {
    const witness = createWitness();
    const url = `postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`;
    const db = new DatabaseService({ url, ...witness.options });
    await witness.attempt(() => db.initialize());
    await witness.attempt(() => db.health());
    await witness.attempt(() => db.close());
    expect(witness.errors.map((error) => Reflect.get(error, 'code') as unknown)).toEqual([
      'UNAVAILABLE',
      'NOT_INITIALIZED',
    ]);
    expect(witness.shown()).not.toContain(secret);
    expect(inspect(db, { depth: 20, showHidden: true })).not.toContain(secret);
    // The original error may hold the name of the server, but not a password.
    expect(inspect(witness.errors.map(driverErrorOf), { depth: 20, showHidden: true })).not.toContain(secret);
  });

  testOn('postgresql', 'of a replica that is not there', async () => {
    const witness = createWitness();
    const replicaUrls = [`postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`];
    const db = new DatabaseService({ url: await newDatabaseUrl(), replicaUrls, ...witness.options });
    afterTest(() => db.close());
    await db.initialize();
    const health = await db.health();
    expect(health).toMatchObject({ status: 'degraded', replicas: [{ isServing: false }] });
    await callAll(witness, db);
    expect(witness.shown() + JSON.stringify(health)).not.toContain(secret);
  });
});

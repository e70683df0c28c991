import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DatabaseService, driverErrorOf, isDatabaseError, type DatabaseOptions } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { openFailingDatabase } from '../support/outage';
import { callMethod, databaseCalls, fillForCalls, makeCall, publicCalls } from '../support/public-calls';
import { findFreePort } from '../support/server-process';
import { describeOn, testOn } from '../support/skip';
import { afterTest, newDatabaseUrl, temporaryDirectory } from '../support/test-database';
import { printers } from './error-printers';

/** Secret that must not appear anywhere; it is part of every text of the calls. */
const secret = 's3cr3t-7f0e';
const mark = (text: string): string => `${text} ${secret}`;

const calls = [...publicCalls, ...databaseCalls].filter(({ name }) => !['initialize', 'close'].includes(name));

/** Calls that fail because of the stored records. */
const refusedCalls: readonly ((db: DatabaseService) => Promise<unknown>)[] = [
  (db) => db.createAgent(agentInput({ id: mark('a'), certificateId: mark('c') })),
  (db) => db.transaction((tx) => tx.createAgent(agentInput({ id: mark('a'), certificateId: mark('c') }))),
  (db) => db.agents.createMany([agentInput({ id: mark('a'), certificateId: mark('c') })]),
  (db) => db.createAgent(agentInput({ certificateId: mark('none') })),
  (db) => db.updateAgent({ id: mark('a'), certificateId: mark('none') }),
  (db) => db.updateAgent({ id: mark('a'), defaultEndpoint: mark('none') }),
  (db) => db.updateAgent({ id: mark('revoked'), status: 'ACTIVE' }),
  (db) => db.createCertificate(certificateInput({ id: mark('c') })),
  (db) => db.createCertificate(certificateInput({ fingerprint: mark('AA') })),
  (db) => db.createCertificate(certificateInput({ fingerprint: mark('AA').toUpperCase() })),
  (db) => db.certificates.updateStatus(mark('r'), 'VALID'),
  (db) => db.certificates.rotate(mark('none'), certificateInput()),
  (db) => db.recordSecurityEvent(eventInput({ id: mark('e') })),
  (db) => db.events.recordMany([eventInput({ id: mark('e') })]),
];

/** Values of every wrong kind that contain the secret. */
const wrongValues = [secret, [secret], { [secret]: secret }, () => secret, Symbol(secret), `${secret}\0`, `${secret}\uD800`]; // prettier-ignore

/** Collects everything that an application and the reader of its terminal see. */
function createWitness() {
  const heard: unknown[] = [];
  const errors: Error[] = [];
  const hear = (...seen: unknown[]): boolean => {
    heard.push(seen);
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
  /** Makes a call without recording its result, which may contain the values of the caller. */
  const attemptCall = (db: DatabaseService, name: string, args: readonly unknown[]): Promise<void> =>
    attempt(async () => {
      await callMethod(db, name, args);
    });
  const shown = (): string =>
    [
      JSON.stringify([heard, errors]),
      inspect([heard, errors], { depth: 20, showHidden: true }),
      ...errors.flatMap((error) => Object.values(printers).map((print) => print(error))),
    ].join('\n');
  const reported = (type: string) => heard.flat().filter((entry) => Reflect.get(Object(entry), 'type') === type);
  return { options, attempt, attemptCall, shown, errors, reported, forget: () => void heard.splice(0) };
}

type Witness = ReturnType<typeof createWitness>;

async function open(options: DatabaseOptions): Promise<DatabaseService> {
  const url = onPostgresql ? await newDatabaseUrl() : `file:${join(temporaryDirectory(), `${secret}.sqlite`)}`;
  const db = new DatabaseService({ url, ...options });
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

async function callAll({ attempt }: Witness, db: DatabaseService, except = ''): Promise<void> {
  for (const call of calls) {
    if (call.name === except) continue;
    await attempt(async () => {
      await makeCall(db, call, mark);
    });
  }
}

describe('secret arguments', () => {
  test('errors, logs and events contain no call argument when calls succeed or the database refuses them', async () => {
    const witness = createWitness();
    const db = await open({ retry: false, ...witness.options });
    await fillForCalls(db, mark);
    await db.createAgent(agentInput({ id: mark('revoked'), certificateId: mark('c'), status: 'REVOKED' }));
    await callAll(witness, db);
    const before = witness.errors.length;
    for (const call of refusedCalls) await witness.attempt(() => call(db));
    expect(witness.errors.length).toBe(before + refusedCalls.length);
    expect(witness.reported('query').length).toBeGreaterThan(50);
    expect(witness.reported('error')).toHaveLength(witness.errors.length);
    expect(witness.shown().toLowerCase()).not.toContain(secret);
    const messages = witness.errors.map(({ message }) => message).join();
    expect(messages).not.toMatch(/SELECT |INSERT |UPDATE |SQLITE|constraint/);
  });

  test('errors, logs and events contain no call argument when the database is down', async () => {
    const witness = createWitness();
    const retry = { attempts: 2, baseDelayMs: 1 };
    const { db, breakDown, recover } = await openFailingDatabase({ ...witness.options, retry });
    await fillForCalls(db, mark);
    witness.forget();
    await breakDown();
    // followChanges would continue until the database is reachable again.
    await callAll(witness, db, 'followChanges');
    expect(witness.errors.length).toBeGreaterThan(35);
    expect(witness.reported('error')).toHaveLength(witness.errors.length);
    expect(witness.reported('breaker').length).toBeGreaterThan(0);
    expect(witness.shown()).not.toContain(secret);
    await recover();
  });

  test('errors, logs and events contain no call argument when the database is not open', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), ...witness.options });
    await callAll(witness, db);
    expect(witness.errors).toHaveLength(calls.length);
    expect(witness.reported('error')).toHaveLength(witness.errors.length);
    expect(witness.shown()).not.toContain(secret);
  });
});

// The arguments are checked before the engine is used.
describeOn('sqlite', 'secrets in invalid arguments', () => {
  test('errors, logs and events contain no call argument when the arguments are invalid', async () => {
    const witness = createWitness();
    const db = await open(witness.options);
    for (const { name } of calls) {
      for (const wrong of [{ [secret]: secret }, [secret], `${secret}\0`]) {
        await witness.attemptCall(db, name, [wrong, wrong, wrong]);
      }
    }
    expect(witness.errors.length).toBeGreaterThan(80);
    expect(witness.shown()).not.toContain(secret);
  });

  test.each(['createAgent', 'queryAgents', 'createCertificate', 'recordSecurityEvent', 'querySecurityEvents'])(
    'errors, logs and events contain no call argument when any field of %s is invalid',
    async (name) => {
      const witness = createWitness();
      const db = await open(witness.options);
      await db.createCertificate(certificateInput({ id: 'c' }));
      const valid = publicCalls.filter((call) => call.name === name).map((call) => call.args((text) => text)[0]);
      const input = valid.find((value) => typeof value === 'object' && !(value instanceof Date)) as object;
      const fields = [...Object.keys(input), 'id', 'revokedAt', 'revocationReason', 'limit', 'offset', secret];
      for (const field of fields) {
        for (const value of wrongValues) await witness.attemptCall(db, name, [{ ...input, [field]: value }]);
      }
      expect(witness.errors.length).toBeGreaterThan(fields.length * 3);
      expect(witness.reported('error')).toHaveLength(witness.errors.length);
      expect(witness.shown()).not.toContain(secret);
    },
  );
});

describe('secrets in URLs', () => {
  /** Constructs and initializes a service, which fails. */
  async function failWith(witness: Witness, url: string): Promise<void> {
    const failures = witness.errors.length;
    await witness.attempt(async () => {
      const db = new DatabaseService({ url, ...witness.options });
      afterTest(() => db.close());
      await db.initialize();
    });
    expect(witness.errors).toHaveLength(failures + 1);
  }

  test.each([
    `postgresql://user:${secret}@localhost/ans`,
    `postgres://${secret}`,
    `mysql://user:${secret}@localhost/ans`,
    `/${secret}/ans.sqlite`,
    `file:/${secret}/ans.sqlite?mode=ro`,
    `file:/no/such/${secret}/ans.sqlite`,
    `file://${secret}/ans.sqlite`,
    `file:///tmp/%zz${secret}`,
  ])('errors and logs contain no path and no password when %s cannot be opened', async (url) => {
    const witness = createWitness();
    await failWith(witness, url);
    expect(witness.shown()).not.toContain(secret);
  });

  test('errors and logs do not contain the path of a directory or of a file without a database', async () => {
    const witness = createWitness();
    const directory = join(temporaryDirectory(), secret);
    mkdirSync(join(directory, 'a'), { recursive: true });
    writeFileSync(join(directory, 'b'), `${secret} `.repeat(1000));
    for (const name of ['a', 'b']) await failWith(witness, `file:${join(directory, name)}`);
    expect(witness.shown()).not.toContain(secret);
  });

  test('errors and logs contain no password when the server is not reachable', async () => {
    const witness = createWitness();
    const url = `postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`;
    const db = new DatabaseService({ url, ...witness.options });
    for (const call of [() => db.initialize(), () => db.health(), () => db.close()]) await witness.attempt(call);
    const codes = witness.errors.map((error) => Reflect.get(error, 'code') as unknown);
    expect(codes).toEqual(['UNAVAILABLE', 'NOT_INITIALIZED']);
    expect(witness.shown()).not.toContain(secret);
    expect(inspect(db, { depth: 20, showHidden: true })).not.toContain(secret);
    // The error of the driver may contain the name of the server, but not a password.
    expect(inspect(witness.errors.map(driverErrorOf), { depth: 20, showHidden: true })).not.toContain(secret);
  });

  testOn('postgresql', 'errors and logs contain no password when a replica is not reachable', async () => {
    const witness = createWitness();
    const replicaUrls = [`postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`];
    const db = await open({ replicaUrls, ...witness.options });
    const health = await db.health();
    expect(health).toMatchObject({ status: 'degraded', replicas: [{ isServing: false }] });
    await callAll(witness, db);
    expect(witness.shown() + JSON.stringify(health)).not.toContain(secret);
  });
});

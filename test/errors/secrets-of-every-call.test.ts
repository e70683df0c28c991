import { join } from 'node:path';
import { inspect } from 'node:util';
import { DatabaseService, driverErrorOf, isDatabaseError, type DatabaseOptions } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { findFreePort } from '../support/server-process';
import { testOn } from '../support/skip';
import { printers } from './error-printers';
import { afterTest, newDatabaseUrl, temporaryDirectory } from '../support/test-database';

/** What must not appear anywhere: it stands in every value that the calls below are given. */
const secret = 's3cr3t-7f0e';

const metadata = { [secret]: [secret] };
const endpoint = { id: secret, protocol: secret, address: secret, port: 1, metadata };
const agent = agentInput({
  id: secret,
  name: secret,
  owner: secret,
  version: secret,
  publicKey: secret,
  description: secret,
  certificateId: secret,
  endpoints: [endpoint],
  defaultEndpoint: secret,
  capabilities: [secret],
  metadata,
});
const certificate = certificateInput({
  id: secret,
  subject: secret,
  issuer: secret,
  publicKey: secret,
  certificate: secret,
  fingerprint: secret,
  metadata,
});
const event = eventInput({
  id: secret,
  eventType: secret,
  source: secret,
  target: secret,
  description: secret,
  metadata,
});
const query = { name: secret, owner: secret, version: secret, capabilities: [secret], metadata };
const eventQuery = { source: secret, target: secret, eventTypes: [secret], metadata };

type Call = (db: DatabaseService) => unknown;

/** Every call that there is, by its name; each finds something to do. */
const calls: Readonly<Record<string, Call>> = {
  'certificates.create': (db) => db.certificates.create(certificate),
  'certificates.get': (db) => db.certificates.get(secret),
  'certificates.getByFingerprint': (db) => db.certificates.getByFingerprint(secret),
  'certificates.updateStatus': (db) => db.certificates.updateStatus(secret, 'VALID'),
  'certificates.setMetadata': (db) => db.certificates.setMetadata(secret, metadata),
  'certificates.query': (db) => db.certificates.query({ subject: secret, fingerprint: secret, metadata }),
  'certificates.expiring': (db) => db.certificates.expiring(1),
  'certificates.expireDue': (db) => db.certificates.expireDue(),
  'agents.create': (db) => db.agents.create(agent),
  'agents.createMany': (db) => db.agents.createMany([agent]),
  'agents.get': (db) => db.agents.get(secret),
  'agents.getMany': (db) => db.agents.getMany([secret]),
  'agents.update': (db) => db.agents.update({ ...agent, id: secret }),
  'agents.setStatus': (db) => db.agents.setStatus(secret, 'ACTIVE'),
  'agents.setCapabilities': (db) => db.agents.setCapabilities(secret, [secret]),
  'agents.setMetadata': (db) => db.agents.setMetadata(secret, metadata),
  'agents.mergeMetadata': (db) => db.agents.mergeMetadata(secret, metadata),
  'agents.setEndpointHealth': (db) =>
    db.agents.setEndpointHealth(secret, secret, { status: 'HEALTHY', lastChecked: new Date(), message: secret }),
  'agents.renew': (db) => db.agents.renew(secret, new Date('2099-01-01')),
  'agents.query': (db) => db.agents.query(query),
  'agents.page': (db) => db.agents.page(query),
  'agents.iterate': (db) => db.agents.iterate(query).next(),
  'agents.count': (db) => db.agents.count(query),
  'agents.expireDue': (db) => db.agents.expireDue(),
  'events.record': (db) => db.events.record(event),
  'events.recordMany': (db) => db.events.recordMany([event]),
  'events.get': (db) => db.events.get(secret),
  'events.query': (db) => db.events.query(eventQuery),
  'events.page': (db) => db.events.page(eventQuery),
  'events.iterate': (db) => db.events.iterate(eventQuery).next(),
  'events.count': (db) => db.events.count(eventQuery),
  'events.aggregate': (db) => db.events.aggregate(eventQuery, { by: 'source' }),
  'events.markMitigated': (db) => db.events.markMitigated(secret, { applied: true, details: secret }),
  'events.verify': (db) => db.events.verify(),
  'events.prune': (db) => db.events.prune({ before: new Date('2000-01-01') }),
  register: (db) => db.register({ certificate, agent, event }),
  changes: (db) => db.changes(),
  followChanges: (db) => db.followChanges().next(),
  pruneChanges: (db) => db.pruneChanges({ before: new Date('2000-01-01') }),
  transaction: (db) => db.transaction((tx) => tx.createAgent(agent)),
  health: (db) => db.health(),
  check: (db) => db.check(),
  backup: (db) => db.backup(join(temporaryDirectory(), 'copy.sqlite')),
  migrateDatabase: (db) => db.migrateDatabase(),
  'certificates.delete': (db) => db.certificates.delete(secret),
  'certificates.rotate': (db) => db.certificates.rotate(secret, certificate),
  'certificates.revoke': (db) => db.certificates.revoke(secret, { reason: 'unspecified', agents: 'revoke' }),
  'agents.delete': (db) => db.agents.delete(secret),
};

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

/** Calls everything; what it answers with is the caller's own. */
async function callAll(
  { attempt }: ReturnType<typeof createWitness>,
  db: DatabaseService,
  among: (name: string) => boolean = () => true,
): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    if (!among(name)) continue;
    await attempt(async () => {
      await call(db);
    });
  }
}

test('every call is looked at', () => {
  const db = new DatabaseService({ url: ':memory:' });
  const inherited = (target: object): string[] => {
    const prototype: unknown = Object.getPrototypeOf(target);
    if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return [];
    return [...Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'), ...inherited(prototype)];
  };
  const named = [
    ...inherited(db.agents).map((name) => `agents.${name}`),
    ...inherited(db.certificates).map((name) => `certificates.${name}`),
    ...inherited(db.events).map((name) => `events.${name}`),
  ];
  expect(named.filter((name) => !(name in calls))).toEqual([]);
  const flat = /^(?:initialize|close|(?:create|get|update|delete|query|record)[A-Z].*)$/;
  expect(inherited(db).filter((name) => !flat.test(name) && !(name in calls))).toEqual([]);
});

describe('No value of the caller’s is shown by any call', () => {
  test('that succeeds, or that the database refuses', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), retry: false, ...witness.options });
    afterTest(() => db.close());
    await db.initialize();
    await callAll(witness, db);
    await callAll(witness, db);
    expect(witness.errors.length).toBeGreaterThan(5);
    expect(witness.told('query').length).toBeGreaterThan(50);
    expect(witness.told('error')).toHaveLength(witness.errors.length);
    expect(witness.shown()).not.toContain(secret);
  });

  test('whose arguments are wrong', async () => {
    const witness = createWitness();
    const db = new DatabaseService({ url: await newDatabaseUrl(), ...witness.options });
    afterTest(() => db.close());
    await db.initialize();
    for (const name of Object.keys(calls)) {
      const [service, method = ''] = name.includes('.') ? name.split('.') : [undefined, name];
      const target: object = service === undefined ? db : (Reflect.get(db, service) as object);
      for (const wrong of [{ [secret]: secret }, [secret], `${secret}\0`]) {
        await witness.attempt(async () => {
          // Whatever the method makes of it is what the test is about.
          const callable = Reflect.get(target, method) as (...args: unknown[]) => unknown;
          const given = callable.apply(target, [wrong, wrong, wrong]);
          const isGenerator = typeof given === 'object' && given !== null && 'next' in given;
          await (isGenerator ? (given as AsyncGenerator).next() : given);
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
    await witness.attempt(() => db.register({ certificate, agent, event }));
    witness.forget();
    await breakDown();
    // The feed is followed until it is there again.
    await callAll(witness, db, (name) => name !== 'followChanges');
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
    expect(witness.errors).toHaveLength(Object.keys(calls).length);
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

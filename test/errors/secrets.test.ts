import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService, type DatabaseEvent } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { callUntyped } from '../support/expect-error';
import { printers } from './error-printers';
import { afterTest, newDatabaseUrl, temporaryDirectory } from '../support/test-database';

/** Secret that must not appear anywhere; it is in every value of the calls below. */
const secret = 's3cr3t-7f0e';

interface Witness {
  readonly events: DatabaseEvent[];
  readonly logged: unknown[];
  readonly errors: Error[];
}

function createWitness() {
  const witness: Witness = { events: [], logged: [], errors: [] };
  const log = (...told: unknown[]) => void witness.logged.push(told);
  const logger = { debug: log, info: log, warn: log, error: log };
  return { witness, logger, onEvent: (event: DatabaseEvent) => void witness.events.push(event) };
}

/** Returns everything that is shown to somebody, as one text, with the errors printed in every way. */
function shown({ events, logged, errors }: Witness): string {
  const printed = errors.flatMap((error) => Object.values(printers).map((print) => print(error)));
  return JSON.stringify([events, logged, printed]);
}

async function openWitnessed() {
  const { witness, ...listeners } = createWitness();
  const url = onPostgresql ? await newDatabaseUrl() : `file:${join(temporaryDirectory(), `${secret}.sqlite`)}`;
  const db = new DatabaseService({ url, retry: false, ...listeners });
  afterTest(() => db.close());
  await db.initialize();
  return { db, witness };
}

/** Values of every wrong kind that hold the secret. */
const wrongValues = [
  secret,
  [secret],
  { [secret]: secret },
  () => secret,
  Symbol(secret),
  `${secret}\0`,
  `${secret}\uD800`,
];

const fieldsOf = {
  createAgent: [
    'id',
    'name',
    'publicKey',
    'certificateId',
    'endpoints',
    'defaultEndpoint',
    'capabilities',
    'version',
    'description',
    'metadata',
    'createdAt',
    'updatedAt',
    'expiresAt',
    'status',
    'owner',
    secret,
  ],
  queryAgents: [
    'id',
    'ids',
    'name',
    'exactName',
    'owner',
    'status',
    'fingerprint',
    'capabilities',
    'allCapabilities',
    'protocol',
    'health',
    'metadata',
    'version',
    'expiresBefore',
    'expiresAfter',
    'includeExpired',
    'orderBy',
    'orderDirection',
    'limit',
    'offset',
    secret,
  ],
  createCertificate: [
    'id',
    'subject',
    'issuer',
    'notBefore',
    'notAfter',
    'publicKey',
    'certificate',
    'fingerprint',
    'status',
    'metadata',
    'createdAt',
    'revokedAt',
    'revocationReason',
    secret,
  ],
  recordSecurityEvent: [
    'id',
    'timestamp',
    'eventType',
    'severity',
    'source',
    'target',
    'description',
    'metadata',
    'mitigationApplied',
    'mitigationDetails',
    secret,
  ],
  querySecurityEvents: [
    'ids',
    'from',
    'to',
    'eventTypes',
    'severities',
    'minSeverity',
    'source',
    'target',
    'mitigationApplied',
    'metadata',
    'limit',
    'offset',
    secret,
  ],
} as const;

const rightInput = {
  createAgent: agentInput({ certificateId: secret }),
  queryAgents: {},
  createCertificate: certificateInput(),
  recordSecurityEvent: eventInput(),
  querySecurityEvents: {},
} as const;

describe('no value of the caller’s is shown', () => {
  test.each(Object.keys(fieldsOf) as (keyof typeof fieldsOf)[])('by %s, whatever is wrong with it', async (call) => {
    const { db, witness } = await openWitnessed();
    await createCertificate(db, { id: secret });
    for (const field of fieldsOf[call]) {
      for (const value of wrongValues) {
        const outcome = callUntyped(db, call, { ...rightInput[call], [field]: value });
        await outcome.catch((error: unknown) => witness.errors.push(error as Error));
      }
    }
    expect(witness.errors.length).toBeGreaterThan(fieldsOf[call].length * 3);
    expect(witness.logged.length).toBeGreaterThanOrEqual(witness.errors.length);
    expect(shown(witness)).not.toContain(secret);
  });

  test('by calls that succeed', async () => {
    const { db, witness } = await openWitnessed();
    const certificateId = await createCertificate(db, {
      subject: secret,
      fingerprint: secret,
      metadata: { [secret]: secret },
    });
    const endpoints = [{ id: secret, protocol: secret, address: secret, port: 1, metadata: { [secret]: secret } }];
    const texts = { name: secret, owner: secret, version: secret, publicKey: secret, description: secret };
    const agent = { ...texts, certificateId, endpoints, capabilities: [secret], metadata: { [secret]: [secret] } };
    const id = await createAgent(db, agent);
    const metadata = { [secret]: [secret] };
    const query = { name: secret, owner: secret, version: secret, protocol: secret, capabilities: [secret], metadata };
    expect(await db.queryAgents({ ...query, fingerprint: secret })).toHaveLength(1);
    await db.updateAgent({ id, ...agent, defaultEndpoint: secret });
    await db.recordSecurityEvent(eventInput({ source: secret, eventType: secret, metadata: { [secret]: secret } }));
    expect(await db.querySecurityEvents({ source: secret, eventTypes: [secret] })).toHaveLength(1);
    await db.updateCertificateStatus(certificateId, 'REVOKED');
    expect(await db.deleteAgent(id)).toBe(true);
    expect(witness.events.filter(({ type }) => type === 'query').length).toBeGreaterThan(10);
    expect(shown(witness)).not.toContain(secret);
  });

  test('by what the database refuses', async () => {
    const { db, witness } = await openWitnessed();
    const certificateId = await createCertificate(db, { id: secret, fingerprint: secret, status: 'REVOKED' });
    await createAgent(db, { id: secret, certificateId, status: 'REVOKED' });
    await db.recordSecurityEvent(eventInput({ id: secret }));
    const refused = [
      db.createAgent(agentInput({ id: secret, certificateId })),
      db.createAgent(agentInput({ certificateId: `${secret}-2` })),
      db.createCertificate(certificateInput({ id: secret })),
      db.createCertificate(certificateInput({ fingerprint: secret.toUpperCase() })),
      db.updateAgent({ id: secret, certificateId: `${secret}-2` }),
      db.updateAgent({ id: secret, status: 'ACTIVE' }),
      db.updateAgent({ id: secret, defaultEndpoint: secret }),
      db.updateCertificateStatus(secret, 'VALID'),
      db.recordSecurityEvent(eventInput({ id: secret })),
    ];
    for (const outcome of await Promise.allSettled(refused)) {
      expect(outcome.status).toBe('rejected');
      if (outcome.status === 'rejected') witness.errors.push(outcome.reason as Error);
    }
    expect(shown(witness).toLowerCase()).not.toContain(secret);
    expect(witness.errors.map(({ message }) => message).join()).not.toMatch(
      /SELECT |INSERT |UPDATE |SQLITE|constraint/,
    );
  });
});

describe('no path and no password of a url is shown', () => {
  async function failureOf(url: string): Promise<Witness> {
    const { witness, ...listeners } = createWitness();
    try {
      const db = new DatabaseService({ url, ...listeners });
      afterTest(() => db.close());
      await db.initialize();
    } catch (error) {
      witness.errors.push(error as Error);
    }
    expect(witness.errors).toHaveLength(1);
    return witness;
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
  ])('%s', async (url) => {
    expect(shown(await failureOf(url))).not.toContain(secret);
  });

  test('when the file is no database, or a directory', async () => {
    const directory = join(temporaryDirectory(), secret);
    mkdirSync(join(directory, 'a'), { recursive: true });
    writeFileSync(join(directory, 'b'), `${secret} `.repeat(1000));
    expect(shown(await failureOf(`file:${join(directory, 'a')}`))).not.toContain(secret);
    expect(shown(await failureOf(`file:${join(directory, 'b')}`))).not.toContain(secret);
  });
});

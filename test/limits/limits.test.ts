import { DatabaseService, type AgentInput, type DatabaseOptions, type JsonValue, type LimitOptions } from '../../src';
import { badCounts } from '../support/bad-values';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { callUntyped, expectError, expectUnchangedRows } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const small: Required<LimitOptions> = {
  nameLength: 40,
  textLength: 100,
  metadataBytes: 60,
  metadataValues: 20,
  metadataDepth: 4,
  endpoints: 3,
  capabilities: 3,
  recordLength: 120,
  batchSize: 4,
  listLength: 4,
  cursorLength: 80,
  answerLength: 3000,
};

const name = 'n'.repeat(41);
const text = 't'.repeat(101);
const ids = ['1', '2', '3', '4', '5'];
const endpoint = { id: 'e', protocol: 'p', address: 'a', port: 1 };
const many = Array.from({ length: 20 }, () => 1);
const deep: JsonValue = { a: { b: { c: {} } } };

type Call = readonly [field: string, limit: keyof LimitOptions, call: (db: DatabaseService) => unknown];

const agentFields: readonly (readonly [string, keyof LimitOptions, Partial<AgentInput>])[] = [
  ['id', 'nameLength', { id: name }],
  ['name', 'nameLength', { name }],
  ['owner', 'nameLength', { owner: name }],
  ['version', 'nameLength', { version: name }],
  ['certificateId', 'nameLength', { certificateId: name }],
  ['publicKey', 'textLength', { publicKey: text }],
  ['description', 'textLength', { description: text }],
  ['metadata', 'metadataBytes', { metadata: { a: 'x'.repeat(60) } }],
  ['metadata', 'metadataBytes', { metadata: { ['x'.repeat(61)]: 1 } }],
  ['metadata', 'metadataBytes', { metadata: { a: 'é'.repeat(29) } }],
  ['metadata', 'metadataBytes', { metadata: { a: Array.from({ length: 4 }, () => 'x'.repeat(15)) } }],
  ['metadata', 'metadataValues', { metadata: { a: Array.from({ length: 20 }, () => 1) } }],
  ['metadata', 'metadataDepth', { metadata: { a: deep } }],
  ['endpoints', 'endpoints', { endpoints: ids.slice(1).map((id) => ({ ...endpoint, id })) }],
  ['endpoints[0].id', 'nameLength', { endpoints: [{ ...endpoint, id: name }] }],
  ['endpoints[0].protocol', 'nameLength', { endpoints: [{ ...endpoint, protocol: name }] }],
  ['endpoints[0].address', 'nameLength', { endpoints: [{ ...endpoint, address: name }] }],
  ['endpoints[0].metadata', 'metadataBytes', { endpoints: [{ ...endpoint, metadata: { a: 'x'.repeat(60) } }] }],
  [
    'endpoints[1].metadata',
    'metadataValues',
    { endpoints: ['e', 'f'].map((id) => ({ ...endpoint, id, metadata: { a: Array.from({ length: 10 }, () => 1) } })) },
  ],
  ['endpoints[0].metadata', 'metadataDepth', { endpoints: [{ ...endpoint, metadata: { a: deep } }] }],
  [
    'endpoints[0].health.message',
    'textLength',
    { endpoints: [{ ...endpoint, health: { status: 'HEALTHY', lastChecked: new Date(), message: text } }] },
  ],
  [
    'endpoints',
    'recordLength',
    { endpoints: ids.slice(2).map((id) => ({ ...endpoint, id, address: 'x'.repeat(40) })) },
  ],
  ['capabilities', 'capabilities', { capabilities: ids.slice(1) }],
  ['capabilities[0]', 'nameLength', { capabilities: [name] }],
];

const report = { agentId: 'a', endpointId: 'e', status: 'HEALTHY' } as const;

const calls: readonly Call[] = [
  ...agentFields.map(([field, limit, fields]): Call => {
    const agent = agentInput({ certificateId: 'c', publicKey: 'k' });
    return [field, limit, (db) => callUntyped(db, 'createAgent', { ...agent, ...fields })];
  }),
  ...agentFields.map(([field, limit, fields]): Call => {
    return [field, limit, (db) => callUntyped(db, 'updateAgent', { id: fields.id ?? 'a', ...fields })];
  }),
  ['agents[0].name', 'nameLength', (db) => db.agents.createMany([agentInput({ certificateId: 'c', name })])],
  ['agents', 'batchSize', (db) => db.agents.createMany(ids.map(() => agentInput({ certificateId: 'c' })))],
  ['ids', 'listLength', (db) => db.agents.getMany(ids)],
  ['ids[0]', 'nameLength', (db) => db.agents.getMany([name])],
  ['id', 'nameLength', (db) => db.getAgent(name)],
  ['id', 'nameLength', (db) => db.deleteAgent(name)],
  ['metadata', 'metadataBytes', (db) => db.agents.setMetadata('a', { a: 'x'.repeat(60) })],
  ['metadata', 'metadataBytes', (db) => db.agents.mergeMetadata('a', { a: 'x'.repeat(60) })],
  ['capabilities', 'capabilities', (db) => db.agents.setCapabilities('a', ids)],
  ['health.message', 'textLength', (db) => db.agents.setEndpointHealth('a', 'e', { status: 'HEALTHY', message: text })],
  ['endpointId', 'nameLength', (db) => db.agents.setEndpointHealth('a', name, { status: 'HEALTHY' })],
  ['reports[0].message', 'textLength', (db) => db.agents.recordHealth([{ ...report, message: text }])],
  ['reports[0].endpointId', 'nameLength', (db) => db.agents.recordHealth([{ ...report, endpointId: name }])],
  ['reports', 'batchSize', (db) => db.agents.recordHealth(ids.map(() => report))],
  ...(['id', 'name', 'exactName', 'owner', 'fingerprint', 'protocol', 'address', 'version'] as const).map(
    (field): Call => {
      return [field, 'nameLength', (db) => db.queryAgents({ [field]: name })];
    },
  ),
  ...(['names', 'owners'] as const).map((field): Call => [
    field,
    'listLength',
    (db) => db.queryAgents({ [field]: ids }),
  ]),
  ['not.owners[0]', 'nameLength', (db) => db.agents.count({ not: { owners: [name] } })],
  ['not.address', 'nameLength', (db) => db.queryAgents({ not: { address: name } })],
  ['certificateStatus', 'listLength', (db) => db.queryAgents({ certificateStatus: ids.map(() => 'VALID' as const) })],
  ['ids', 'listLength', (db) => db.queryAgents({ ids })],
  ['capabilities', 'listLength', (db) => db.agents.count({ capabilities: ids })],
  ['status', 'listLength', (db) => db.agents.page({ status: ids.map(() => 'ACTIVE' as const) })],
  ['health', 'listLength', (db) => db.queryAgents({ health: ids.map(() => 'HEALTHY' as const) })],
  ['after', 'cursorLength', (db) => db.agents.page({}, { after: 'x'.repeat(81) })],
  ['after', 'cursorLength', (db) => db.events.page({}, { after: 'x'.repeat(81) })],
  ['metadata', 'metadataBytes', (db) => db.queryAgents({ metadata: { a: 'x'.repeat(60) } })],
  ...(['id', 'subject', 'issuer', 'fingerprint'] as const).map((field): Call => {
    return [field, 'nameLength', (db) => db.createCertificate(certificateInput({ ...short, [field]: name }))];
  }),
  ...(['publicKey', 'certificate'] as const).map((field): Call => {
    return [field, 'textLength', (db) => db.createCertificate(certificateInput({ ...short, [field]: text }))];
  }),
  ['metadata', 'metadataDepth', (db) => db.createCertificate(certificateInput({ ...short, metadata: { a: deep } }))],
  ['metadata', 'metadataValues', (db) => db.certificates.setMetadata('c', { a: many })],
  ['metadata', 'metadataValues', (db) => db.recordSecurityEvent(eventInput({ metadata: { a: many } }))],
  ['metadata', 'metadataValues', (db) => db.agents.mergeMetadata('a', { a: many })],
  ['metadata', 'metadataValues', (db) => db.queryAgents({ metadata: { a: many } })],
  ['metadata', 'metadataValues', (db) => db.certificates.query({ metadata: { a: many } })],
  ['metadata', 'metadataValues', (db) => db.events.count({ metadata: { a: many } })],
  ['events[0].metadata', 'metadataValues', (db) => db.events.recordMany([eventInput({ metadata: { a: many } })])],
  ['metadata', 'metadataBytes', (db) => db.certificates.setMetadata('c', { a: 'x'.repeat(60) })],
  ['subject', 'nameLength', (db) => db.certificates.query({ subject: name })],
  ['issuer', 'nameLength', (db) => db.certificates.query({ issuer: name })],
  ['ids', 'listLength', (db) => db.certificates.query({ ids })],
  ['status', 'listLength', (db) => db.certificates.query({ status: ids.map(() => 'VALID' as const) })],
  ['fingerprint', 'nameLength', (db) => db.getCertificateByFingerprint(name)],
  ...(['id', 'eventType', 'source', 'target'] as const).map((field): Call => {
    return [field, 'nameLength', (db) => db.recordSecurityEvent(eventInput({ [field]: name }))];
  }),
  ...(['description', 'mitigationDetails'] as const).map((field): Call => {
    return [field, 'textLength', (db) => db.recordSecurityEvent(eventInput({ [field]: text }))];
  }),
  ['metadata', 'metadataBytes', (db) => db.recordSecurityEvent(eventInput({ metadata: { a: 'x'.repeat(60) } }))],
  ['events', 'batchSize', (db) => db.events.recordMany(ids.map(() => eventInput()))],
  ['events[1].source', 'nameLength', (db) => db.events.recordMany([eventInput(), eventInput({ source: name })])],
  ['details', 'textLength', (db) => db.events.markMitigated('e', { applied: true, details: text })],
  ['eventTypes', 'listLength', (db) => db.querySecurityEvents({ eventTypes: ids })],
  ['severities', 'listLength', (db) => db.querySecurityEvents({ severities: ids.map(() => 'LOW' as const) })],
  ['source', 'nameLength', (db) => db.events.count({ source: name })],
  ['event.description', 'textLength', (db) => db.register({ ...whole, event: eventInput({ description: text }) })],
  ['certificate.subject', 'nameLength', (db) => db.register({ ...whole, certificate: { ...short, subject: name } })],
];

const short = { ...certificateInput(), publicKey: 'k', certificate: 'c', fingerprint: 'aa' };
const whole = { certificate: short, agent: { name: 'n', version: '1', owner: 'o', publicKey: 'k' } };

const database = shareTestDatabase({ limits: small }, async ({ db }) => {
  await db.createCertificate({ ...short, id: 'c', fingerprint: 'bb' });
  await db.createAgent(agentInput({ id: 'a', certificateId: 'c', endpoints: [endpoint] }));
  await db.recordSecurityEvent(eventInput({ id: 'e' }));
});

describe('Input that exceeds a limit', () => {
  expectUnchangedRows(database);

  test.each(calls.map(([field, limit, call], index) => [index, field, limit, call] as const))(
    'input that exceeds a limit is refused (case %i): %s beyond %s',
    async (_, field, limit, call) => {
      const error = await expectError('INVALID_INPUT', () => call(database().db));
      expect(error).toMatchObject({ field, entity: expect.any(String) as string, retryable: false });
      expect(error.message).toContain(String(small[limit]));
      expect(error.message).not.toMatch(/nnn|ttt|xxx|é/);
    },
  );
});

describe('Input that does not exceed the limits', () => {
  test('input whose length is exactly a limit is stored unchanged', async () => {
    const { db } = await openTestDatabase({ limits: small });
    const fit = 'n'.repeat(40);
    await db.createCertificate({ ...short, id: fit, subject: fit, issuer: fit, fingerprint: fit });
    const endpoints = [{ ...endpoint, address: 'x'.repeat(40), metadata: { a: { b: { c: 1 } } } }];
    const agent = agentInput({
      ...{ id: fit, name: fit, owner: fit, version: fit, certificateId: fit, publicKey: 'k'.repeat(100) },
      ...{ description: 't'.repeat(100), endpoints, capabilities: ['1', '2', '3'] },
      metadata: { a: { b: { c: 1 } }, é: 'é'.repeat(10) },
    });
    await db.createAgent(agent);
    expect(await db.getAgent(fit)).toMatchObject({ ...agent, endpoints });
    expect(await db.agents.getMany([fit, '2', '3', '4'])).toHaveLength(4);
    await db.events.recordMany([1, 2, 3, 4].map(() => eventInput({ description: 't'.repeat(100) })));
  });

  test('input may have any size when every limit is 0, but metadata nested 1,000 levels deep is refused', async () => {
    const none = Object.fromEntries(Object.keys(small).map((key) => [key, 0])) as LimitOptions;
    const { db } = await openTestDatabase({ limits: none });
    const certificateId = await db.createCertificate(certificateInput());
    const description = 'x'.repeat(5_000_000);
    const id = await db.createAgent(agentInput({ certificateId, description, metadata: { description } }));
    expect((await db.getAgent(id))?.metadata['description']).toBe(description);
    expect(await db.queryAgents({ ids: Array.from({ length: 100_001 }, () => id) })).toHaveLength(1);
    await expectError('INVALID_INPUT', () => db.agents.setMetadata(id, { deep: nested(1000) }));
  });
});

describe('limits', () => {
  test.each(Object.keys(small).flatMap((key) => badCounts.map(([kind, value]) => [key, kind, value] as const)))(
    'the option limits.%s cannot be %s',
    async (key, _, value) => {
      const limits = { [key]: value } as DatabaseOptions['limits'];
      const error = await expectError('INVALID_OPTIONS', () => new DatabaseService({ limits }));
      expect(error.field).toBe(`limits.${key}`);
    },
  );

  test.each<[string, unknown]>([
    ['an unknown limit', { names: 1 }],
    ['null', null],
    ['a number', 5],
  ])('the option limits cannot be %s', async (_, limits) => {
    await expectError('INVALID_OPTIONS', () => new DatabaseService({ limits } as DatabaseOptions));
  });
});

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

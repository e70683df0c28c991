import { agentInput, createAgent, createCertificate } from '../support/factories';
import { nonJsonValues, unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectRefused } from '../support/expect-error';
import { shareTestDatabase } from '../support/test-database';

const endpoint = { id: 'e', protocol: 'https', address: 'a', port: 443, health: { status: 'HEALTHY' } };

let certificateId = '';
const shared = shareTestDatabase({}, async ({ db }) => {
  certificateId = await createCertificate(db);
  await createAgent(db, { id: 'agent-1', certificateId, capabilities: ['a'], metadata: { a: 1 } });
});

type BadField = readonly [title: string, fields: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { [field]: value }, field]);
}

const texts = ['id', 'name', 'publicKey', 'certificateId', 'version', 'owner'].flatMap((field) => [
  ...eachOf(field, valuesBut('text', 'undefined')),
  ...eachOf(field, [['an empty text', ''], ...unstorableTexts]),
]);

const optionals: BadField[] = [
  ...eachOf('description', valuesBut('text', 'undefined', 'null')),
  ...eachOf('description', unstorableTexts),
  ...eachOf('status', valuesBut('undefined')),
  ...eachOf('status', [
    ['another case', 'active'],
    ['an empty text', ''],
    ['the name of an inherited property', 'constructor'],
    ['a status of certificates', 'VALID'],
  ]),
  ...['createdAt', 'updatedAt', 'expiresAt'].flatMap((field) => eachOf(field, unstorableTimes)),
  ...eachOf('capabilities', valuesBut('array', 'undefined')),
  ...valuesBut('text').map(([kind, value]): BadField => [
    `a capability: ${kind}`,
    { capabilities: ['a', value] },
    'capabilities[1]',
  ]),
  ...[['an empty text', ''] as const, ...unstorableTexts].map(([kind, value]): BadField => [
    `a capability: ${kind}`,
    { capabilities: [value] },
    'capabilities[0]',
  ]),
  ['capabilities with a hole', { capabilities: new Array(1) }, 'capabilities[0]'],
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.map(([kind, value]): BadField => [`metadata with ${kind}`, { metadata: { a: value } }, 'metadata']),
  ...nonJsonValues.map(([kind, value]): BadField => [
    `metadata with ${kind} further down`,
    { metadata: { a: { b: [value] } } },
    'metadata',
  ]),
  ...unstorableTexts.map(([kind, text]): BadField => [
    `metadata with ${kind} in a key`,
    { metadata: { [text]: 1 } },
    'metadata',
  ]),
];

const endpoints: BadField[] = [
  ...eachOf('endpoints', valuesBut('array', 'undefined')),
  ...valuesBut('object', 'boxed text', 'Date').map(([kind, value]): BadField => [
    `an endpoint: ${kind}`,
    { endpoints: [endpoint, value] },
    'endpoints[1]',
  ]),
  ...endpointField('id', [...valuesBut('text', 'undefined'), ['an empty text', ''], ...unstorableTexts]),
  ...endpointField('protocol', [...valuesBut('text'), ...unstorableTexts]),
  ...endpointField('address', [...valuesBut('text'), ...unstorableTexts]),
  ...endpointField('port', [
    ...valuesBut('number'),
    ['0', 0],
    ['-1', -1],
    ['65536', 65_536],
    ['1.5', 1.5],
    ['NaN', NaN],
  ]),
  ...endpointField('health', valuesBut('undefined', 'object', 'boxed text', 'Date')),
  ...endpointField('metadata', [...valuesBut('undefined', 'object')]),
  ...nonJsonValues.map(([kind, value]): BadField => [
    `endpoint metadata with ${kind}`,
    { endpoints: [{ ...endpoint, metadata: { a: [value] } }] },
    'endpoints[0].metadata',
  ]),
  ...healthField('status', [...valuesBut(), ['another case', 'healthy'], ['an empty text', '']]),
  ...healthField('lastChecked', unstorableTimes),
  ...healthField('message', [...valuesBut('text', 'undefined'), ...unstorableTexts]),
  ['two endpoints with one id', { endpoints: [endpoint, { ...endpoint, address: 'b' }] }, 'endpoints[1].id'],
  ['a default endpoint without endpoints', { endpoints: [], defaultEndpoint: 'e' }, 'defaultEndpoint'],
  ['an unknown default endpoint', { endpoints: [endpoint], defaultEndpoint: 'E' }, 'defaultEndpoint'],
  ['an empty default endpoint', { endpoints: [endpoint], defaultEndpoint: '' }, 'defaultEndpoint'],
  ['a default endpoint that is a number', { endpoints: [endpoint], defaultEndpoint: 1 }, 'defaultEndpoint'],
  ['a default endpoint without an id', { endpoints: [endpoint], defaultEndpoint: {} }, 'defaultEndpoint'],
  [
    'a default endpoint whose id is no text',
    { endpoints: [endpoint], defaultEndpoint: { id: 1 } },
    'defaultEndpoint.id',
  ],
];

function endpointField(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [
    `endpoint ${field}: ${kind}`,
    { endpoints: [{ ...endpoint, [field]: value }] },
    `endpoints[0].${field}`,
  ]);
}

function healthField(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [
    `endpoint health ${field}: ${kind}`,
    { endpoints: [endpoint, { ...endpoint, id: 'f', health: { status: 'HEALTHY', [field]: value } }] },
    `endpoints[1].health.${field}`,
  ]);
}

const unknownFields: readonly (readonly [string, object])[] = [
  ['of an agent', { colour: 'red' }],
  ['of an agent in snake_case', { public_key: 'k' }],
  ['of an endpoint', { endpoints: [{ ...endpoint, path: '/' }] }],
  ['of an endpoint’s health', { endpoints: [{ ...endpoint, health: { status: 'HEALTHY', since: 1 } }] }],
];

describe('createAgent refuses', () => {
  test.each([...texts, ...optionals, ...endpoints])('%s', async (_, fields, field) => {
    const agent = { ...agentInput({ certificateId }), id: 'agent-2', ...fields };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.createAgent(agent));
    expect(error).toMatchObject({ field, operation: 'agents.create', retryable: false });
    expect(error.message).toMatch(/^Failed to create agent: /);
    expect(error.message).toContain(field);
  });

  test.each(['name', 'publicKey', 'certificateId', 'version', 'owner'])('an agent without %s', async (field) => {
    const agent = { ...agentInput({ certificateId }), [field]: undefined };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.createAgent(agent));
    expect(error.field).toBe(field);
  });

  test.each(unknownFields)('an unknown field %s', async (_, fields) => {
    const agent = { ...agentInput({ certificateId }), ...fields };
    await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.createAgent(agent));
  });

  test.each(valuesBut())('%s in place of an agent', async (_, value) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, 'createAgent', value));
  });
});

describe('updateAgent refuses', () => {
  const required = texts.filter(([, fields]) => !('id' in fields));

  test.each([...required, ...optionals, ...endpoints])('%s', async (_, fields, field) => {
    const error = await expectRefused(shared(), 'INVALID_INPUT', () =>
      shared().db.updateAgent({ id: 'agent-1', ...fields }),
    );
    expect(error).toMatchObject({ field, operation: 'agents.update', retryable: false });
    expect(error.message).toMatch(/^Failed to update agent: /);
  });

  test.each([...valuesBut('text'), ['an empty text', ''] as const, ...unstorableTexts])(
    '%s for an id',
    async (_, id) => {
      const update = () => callUntyped(shared().db, 'updateAgent', { id, name: 'half' });
      expect((await expectRefused(shared(), 'INVALID_INPUT', update)).field).toBe('id');
    },
  );

  test.each(unknownFields)('an unknown field %s', async (_, fields) => {
    const update = () => shared().db.updateAgent({ id: 'agent-1', ...fields });
    await expectRefused(shared(), 'INVALID_INPUT', update);
  });

  test('what is wrong even where there is no such agent', async () => {
    const update = () => callUntyped(shared().db, 'updateAgent', { id: 'no-such-agent', name: '' });
    await expectRefused(shared(), 'INVALID_INPUT', update);
  });
});

describe.each(['getAgent', 'deleteAgent'])('%s refuses', (method) => {
  test.each([...valuesBut('text'), ['an empty text', ''] as const, ...unstorableTexts])(
    '%s for an id',
    async (_, id) => {
      const error = await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, method, id));
      expect(error.field).toBe('id');
    },
  );
});

import {
  badIds,
  badMetadata,
  badTexts,
  eachOf,
  elementsOf,
  nonJsonValues,
  unstorableTexts,
  unstorableTimes,
  valuesBut,
  type BadField,
} from '../support/bad-values';
import { callUntyped, expectError, expectUnchangedRows } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { shareTestDatabase } from '../support/test-database';

const endpoint = { id: 'e', protocol: 'https', address: 'a', port: 443, health: { status: 'HEALTHY' } };
const certificateId = 'c';

const shared = shareTestDatabase({}, async ({ db }) => {
  await createCertificate(db, { id: certificateId });
  await createAgent(db, { id: 'agent-1', certificateId, capabilities: ['a'], metadata: { a: 1 } });
});

type Values = Parameters<typeof eachOf>[1];

function endpointField(field: string, values: Values): BadField[] {
  return values.map(([kind, value]) => [
    `${field} of an endpoint: ${kind}`,
    { endpoints: [{ ...endpoint, [field]: value }] },
    `endpoints[0].${field}`,
  ]);
}

function healthField(field: string, values: Values): BadField[] {
  return values.map(([kind, value]) => [
    `${field} of a health: ${kind}`,
    { endpoints: [endpoint, { ...endpoint, id: 'f', health: { status: 'HEALTHY', [field]: value } }] },
    `endpoints[1].health.${field}`,
  ]);
}

function defaultEndpoint(kind: string, value: unknown, field = 'defaultEndpoint'): BadField {
  return [`a default endpoint that is ${kind}`, { endpoints: [endpoint], defaultEndpoint: value }, field];
}

/** Fields that neither createAgent nor updateAgent accepts. */
const badFields: readonly BadField[] = [
  ...['name', 'publicKey', 'certificateId', 'version', 'owner'].flatMap((field) => [
    ...eachOf(field, valuesBut('text', 'undefined')),
    ...eachOf(field, [['an empty text', ''], ...unstorableTexts]),
  ]),
  ...eachOf('description', [...valuesBut('text', 'undefined', 'null'), ...unstorableTexts]),
  ...eachOf('status', [
    ...valuesBut('undefined'),
    ['another case', 'active'],
    ['an empty text', ''],
    ['the name of an inherited property', 'constructor'],
    ['a certificate’s status', 'VALID'],
  ]),
  ...['createdAt', 'updatedAt', 'expiresAt'].flatMap((field) => eachOf(field, unstorableTimes)),
  ...eachOf('capabilities', valuesBut('array', 'undefined')),
  ...elementsOf('capabilities', badIds),
  ['the second capability: a number', { capabilities: ['a', 5] }, 'capabilities[1]'],
  ['capabilities with a hole', { capabilities: new Array(1) }, 'capabilities[0]'],
  ...badMetadata,
  ...eachOf('endpoints', valuesBut('array', 'undefined')),
  ...elementsOf('endpoints', valuesBut('object', 'boxed text', 'Date')),
  ...endpointField('id', [...valuesBut('text', 'undefined'), ['an empty text', ''], ...unstorableTexts]),
  ...endpointField('protocol', badTexts),
  ...endpointField('address', badTexts),
  ...endpointField('port', valuesBut('number')),
  ...endpointField(
    'port',
    [0, -1, 65_536, 1.5, NaN].map((port) => [String(port), port] as const),
  ),
  ...endpointField('health', valuesBut('undefined', 'object', 'boxed text', 'Date')),
  ...endpointField('metadata', valuesBut('undefined', 'object')),
  ...nonJsonValues.map(([kind, value]): BadField => [
    `metadata of an endpoint with ${kind}`,
    { endpoints: [{ ...endpoint, metadata: { a: [value] } }] },
    'endpoints[0].metadata',
  ]),
  ...healthField('status', [...valuesBut(), ['another case', 'healthy'], ['an empty text', '']]),
  ...healthField('lastChecked', unstorableTimes),
  ...healthField('message', [...valuesBut('text', 'undefined'), ...unstorableTexts]),
  ['two endpoints with one id', { endpoints: [endpoint, { ...endpoint, address: 'b' }] }, 'endpoints[1].id'],
  ['a default endpoint without endpoints', { endpoints: [], defaultEndpoint: 'e' }, 'defaultEndpoint'],
  defaultEndpoint('unknown', 'E'),
  defaultEndpoint('empty', ''),
  defaultEndpoint('a number', 1),
  defaultEndpoint('an object without an id', {}),
  defaultEndpoint('an object whose id is a number', { id: 1 }, 'defaultEndpoint.id'),
];

const unknownFields: readonly (readonly [string, object])[] = [
  ['an agent', { colour: 'red' }],
  ['an agent in snake_case', { public_key: 'k' }],
  ['an endpoint', { endpoints: [{ ...endpoint, path: '/' }] }],
  ['a health', { endpoints: [{ ...endpoint, health: { status: 'HEALTHY', since: 1 } }] }],
];

describe.each([
  ['createAgent', 'create', { ...agentInput({ certificateId }), id: 'agent-2' }],
  ['updateAgent', 'update', { id: 'agent-1' }],
])('input of %s', (method, verb, valid) => {
  expectUnchangedRows(shared);
  const call = (input: unknown) => callUntyped(shared().db, method, input);
  const badIdsOf = eachOf('id', verb === 'create' ? badIds.filter(([kind]) => kind !== 'undefined') : badIds);
  const required = ['name', 'publicKey', 'certificateId', 'version', 'owner'];
  const rows = [
    ...badFields,
    ...badIdsOf,
    ...(verb === 'create' ? required : []).flatMap((field) => eachOf(field, [['undefined', undefined]])),
  ];

  test.each(rows)(`${method} refuses invalid input: %s`, async (_, fields, field) => {
    const error = await expectError('INVALID_INPUT', () => call({ ...valid, ...fields }));
    expect(error).toMatchObject({ field, operation: `agents.${verb}`, retryable: false });
    expect(error.message).toMatch(new RegExp(`^Failed to ${verb} agent: `));
    expect(error.message).toContain(field);
  });

  test.each(unknownFields)(`${method} refuses an unknown field of %s`, async (_, fields) => {
    await expectError('INVALID_INPUT', () => call({ ...valid, ...fields }));
  });

  test.each(valuesBut())(`${method} refuses %s in place of an agent`, async (_, value) => {
    await expectError('INVALID_INPUT', () => call(value));
  });
});

test.each(['getAgent', 'deleteAgent'])('%s refuses an invalid or empty id', async (method) => {
  const before = await allRawRows(shared());
  for (const [kind, id] of badIds) {
    const error = await expectError('INVALID_INPUT', () => callUntyped(shared().db, method, id));
    expect({ kind, field: error.field }).toEqual({ kind, field: 'id' });
  }
  expect(await allRawRows(shared())).toEqual(before);
});

import { badCounts, nonJsonValues, unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => createAgent(db));

type BadField = readonly [title: string, fields: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { [field]: value }, field]);
}

function elementsOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`an element of ${field}: ${kind}`, { [field]: [value] }, `${field}[0]`]);
}

const texts = ['id', 'name', 'exactName', 'owner', 'fingerprint', 'protocol', 'version'];
const booleans = ['allCapabilities', 'includeExpired'];
const times = ['expiresBefore', 'expiresAfter'];
const anyTime = unstorableTimes.filter(([kind]) => !kind.startsWith('the year'));

const badFields: BadField[] = [
  ...texts.flatMap((field) => eachOf(field, [...valuesBut('text', 'undefined'), ...unstorableTexts])),
  ...['ids', 'capabilities'].flatMap((field) => [
    ...eachOf(field, valuesBut('array', 'undefined')),
    ...elementsOf(field, [...valuesBut('text'), ...unstorableTexts]),
  ]),
  ...['status', 'health'].flatMap((field) => [
    ...eachOf(field, valuesBut('array', 'undefined')),
    ...elementsOf(field, [
      ...valuesBut(),
      ['an unknown one', 'BROKEN'],
      ['an empty text', ''],
      ['another case', 'active'],
    ]),
  ]),
  ...booleans.flatMap((field) => eachOf(field, [...valuesBut('boolean', 'undefined'), ['the text true', 'true']])),
  ...times.flatMap((field) => eachOf(field, anyTime)),
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.map(([kind, value]): BadField => [`metadata with ${kind}`, { metadata: { a: value } }, 'metadata']),
  ...eachOf('limit', badCounts),
  ...eachOf('offset', badCounts),
  ...eachOf('orderBy', [
    ...valuesBut('undefined'),
    ['an empty text', ''],
    ['a column that is no field', 'public_key'],
    ['a field that cannot be ordered by', 'publicKey'],
    ['another case', 'Name'],
    ['an inherited property', '__proto__'],
    ['another inherited property', 'constructor'],
    ['SQL', 'name; DROP TABLE agents'],
    ['an expression', '(SELECT 1)'],
  ]),
  ...eachOf('orderDirection', [...valuesBut('undefined'), ['an empty text', ''], ['another case', 'DESC']]),
];

describe('queryAgents', () => {
  test.each(badFields)('refuses %s', async (_, fields, field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.queryAgents(fields));
    expect(error).toMatchObject({ field, operation: 'agents.query', retryable: false });
    expect(error.message).toMatch(/^Failed to query agents: /);
  });

  test.each(['colour', 'Owner', 'created_at', 'expiresat', 'cursor', 'size'])(
    'refuses the unknown field %s',
    async (field) => {
      const error = await expectError('INVALID_INPUT', () => shared().db.queryAgents({ [field]: 'x' }));
      expect(error.message).toContain(field);
    },
  );

  test('refuses an unknown field that is undefined', async () => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', { colour: undefined }));
  });

  test('refuses an invalid field even when another field matches nothing', async () => {
    for (const wrong of [{ limit: -1 }, { orderBy: 'x' }, { status: ['x'] }, { expiresAfter: 1 }]) {
      await expectError('INVALID_INPUT', () =>
        callUntyped(shared().db, 'queryAgents', { owner: '', ids: [], ...wrong }),
      );
    }
  });

  test.each(valuesBut('undefined', 'object'))('refuses %s in place of a query', async (_, value) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', value));
  });

  test.each([
    ['a Map', new Map([['owner', 'nobody']])],
    ['a promise of a query', Promise.resolve({ owner: 'nobody' })],
  ])('refuses %s in place of a query, because it would match the agents of every owner', async (_, value) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', value));
  });
});

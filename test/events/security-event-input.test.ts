import { badCounts, nonJsonValues, unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => db.recordSecurityEvent(eventInput()));

type BadField = readonly [title: string, fields: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { [field]: value }, field]);
}

function elementsOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`an element of ${field}: ${kind}`, { [field]: [value] }, `${field}[0]`]);
}

const emptyText = ['an empty text', ''] as const;
const metadata: BadField[] = [
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.map(([kind, value]): BadField => [`metadata with ${kind}`, { metadata: { a: value } }, 'metadata']),
];

describe('recordSecurityEvent refuses', () => {
  test.each([
    ...eachOf('id', [...valuesBut('text', 'undefined'), emptyText, ...unstorableTexts]),
    ...eachOf('timestamp', unstorableTimes),
    ...eachOf('eventType', [...valuesBut('text'), emptyText, ...unstorableTexts]),
    ...eachOf('severity', [...valuesBut(), emptyText, ['another case', 'high'], ['a rank', 3]]),
    ...['source', 'target', 'description'].flatMap((field) =>
      eachOf(field, [...valuesBut('text'), ...unstorableTexts]),
    ),
    ...eachOf('mitigationApplied', [...valuesBut('boolean', 'undefined'), ['0', 0], ['the text true', 'true']]),
    ...eachOf('mitigationDetails', [...valuesBut('text', 'undefined'), ...unstorableTexts]),
    ...metadata,
  ])('%s', async (_, fields, field) => {
    const event = { ...eventInput(), ...fields };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.recordSecurityEvent(event));
    expect(error).toMatchObject({ field, operation: 'events.record', retryable: false });
    expect(error.message).toMatch(/^Failed to record security event: /);
    expect(error.message).toContain(field);
  });

  test.each(['event_type', 'type', 'sequence'])('the unknown field %s', async (field) => {
    const event = { ...eventInput(), [field]: 'x' };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.recordSecurityEvent(event));
    expect(error.message).toContain(field);
  });

  test.each(valuesBut())('%s in place of an event', async (_, value) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, 'recordSecurityEvent', value));
  });
});

describe('querySecurityEvents refuses', () => {
  const anyTime = unstorableTimes.filter(([kind]) => !kind.startsWith('the year'));

  test.each([
    ...['ids', 'eventTypes'].flatMap((field) => [
      ...eachOf(field, valuesBut('array', 'undefined')),
      ...elementsOf(field, [...valuesBut('text'), ...unstorableTexts]),
    ]),
    ...eachOf('severities', valuesBut('array', 'undefined')),
    ...elementsOf('severities', [...valuesBut(), emptyText, ['an unknown one', 'WORST']]),
    ...eachOf('minSeverity', [...valuesBut('undefined'), emptyText, ['a rank', 1]]),
    ...['from', 'to'].flatMap((field) => eachOf(field, anyTime)),
    ...['source', 'target'].flatMap((field) => eachOf(field, [...valuesBut('text', 'undefined'), ...unstorableTexts])),
    ...eachOf('mitigationApplied', valuesBut('boolean', 'undefined')),
    ...['limit', 'offset'].flatMap((field) => eachOf(field, badCounts)),
    ...metadata,
  ])('%s', async (_, fields, field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.querySecurityEvents(fields));
    expect(error).toMatchObject({ field, operation: 'events.query', retryable: false });
    expect(error.message).toMatch(/^Failed to query security events: /);
  });

  test.each(['startTime', 'orderBy', 'type'])('the unknown field %s', async (field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.querySecurityEvents({ [field]: 'x' }));
    expect(error.message).toContain(field);
  });

  test.each(valuesBut('undefined', 'object', 'Date', 'boxed text'))(
    '%s in place of a filter or a time',
    async (_, value) => {
      await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'querySecurityEvents', value));
    },
  );

  test.each([
    ['a Map', new Map([['source', 'nobody']])],
    ['a promise of a filter', Promise.resolve({ source: 'nobody' })],
  ])('%s in place of a filter, which would show every event', async (_, value) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'querySecurityEvents', value));
  });

  test.each([
    ['startTime', [new Date(NaN)]],
    ['endTime', [undefined, 'now']],
    ['eventTypes', [undefined, undefined, 'CUSTOM']],
    ['severities', [undefined, undefined, undefined, ['bad']]],
    ['source', [undefined, undefined, undefined, undefined, 1]],
    ['target', [undefined, undefined, undefined, undefined, undefined, null]],
    ['limit', [undefined, undefined, undefined, undefined, undefined, undefined, -1]],
    ['offset', [undefined, undefined, undefined, undefined, undefined, undefined, 1, 0.5]],
  ])('a wrong %s among the positional parameters', async (_, parameters) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'querySecurityEvents', ...parameters));
  });
});

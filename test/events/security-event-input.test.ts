import {
  badCounts,
  badMetadata,
  notTimes,
  badTexts,
  eachOf,
  elementsOf,
  unstorableTimes,
  valuesBut,
} from '../support/bad-values';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { callMethod } from '../support/public-calls';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => db.recordSecurityEvent(eventInput()));

const emptyText = ['an empty text', ''] as const;
const noText = badTexts.filter(([kind]) => kind !== 'undefined');

describe('recordSecurityEvent', () => {
  test.each([
    ...eachOf('id', [...noText, emptyText]),
    ...eachOf('timestamp', unstorableTimes),
    ...eachOf('eventType', [...badTexts, emptyText]),
    ...eachOf('severity', [...valuesBut(), emptyText, ['another case', 'high'], ['a rank', 3]]),
    ...['source', 'target', 'description'].flatMap((field) => eachOf(field, badTexts)),
    ...eachOf('mitigationApplied', [...valuesBut('boolean', 'undefined'), ['0', 0], ['the text true', 'true']]),
    ...eachOf('mitigationDetails', noText),
    ...badMetadata,
  ])('recordSecurityEvent refuses invalid input: %s', async (_, fields, field) => {
    const event = { ...eventInput(), ...fields };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.recordSecurityEvent(event));
    expect(error).toMatchObject({ field, operation: 'events.record', retryable: false });
    expect(error.message).toMatch(/^Failed to record security event: /);
    expect(error.message).toContain(field);
  });

  test.each(['event_type', 'type', 'sequence'])('recordSecurityEvent refuses the unknown field %s', async (field) => {
    const event = { ...eventInput(), [field]: 'x' };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.recordSecurityEvent(event));
    expect(error.message).toContain(field);
  });

  test.each(valuesBut())('recordSecurityEvent refuses %s in place of an event', async (_, value) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, 'recordSecurityEvent', value));
  });
});

describe('querySecurityEvents', () => {
  test.each([
    ...['ids', 'eventTypes'].flatMap((field) => [
      ...eachOf(field, valuesBut('array', 'undefined')),
      ...elementsOf(field, badTexts),
    ]),
    ...eachOf('severities', valuesBut('array', 'undefined')),
    ...elementsOf('severities', [...valuesBut(), emptyText, ['an unknown severity', 'WORST']]),
    ...eachOf('minSeverity', [...valuesBut('undefined'), emptyText, ['a rank', 1]]),
    ...['from', 'to'].flatMap((field) => eachOf(field, notTimes)),
    ...['source', 'target'].flatMap((field) => eachOf(field, noText)),
    ...eachOf('mitigationApplied', valuesBut('boolean', 'undefined')),
    ...['limit', 'offset'].flatMap((field) => eachOf(field, badCounts)),
    ...badMetadata,
  ])('querySecurityEvents refuses invalid input: %s', async (_, fields, field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.querySecurityEvents(fields));
    expect(error).toMatchObject({ field, operation: 'events.query', retryable: false });
    expect(error.message).toMatch(/^Failed to query security events: /);
  });

  test.each(['startTime', 'orderBy', 'type'])('querySecurityEvents refuses the unknown field %s', async (field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.querySecurityEvents({ [field]: 'x' }));
    expect(error.message).toContain(field);
  });

  test.each<readonly [string, unknown]>([
    ...valuesBut('undefined', 'object', 'Date', 'boxed text'),
    // If these values were read as an object without fields, the query would return every event.
    ['a Map', new Map([['source', 'nobody']])],
    ['a promise of a filter', Promise.resolve({ source: 'nobody' })],
  ])('querySecurityEvents refuses %s in place of a filter or a time', async (_, value) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'querySecurityEvents', value));
  });

  const skip = undefined;

  test.each([
    ['startTime', [new Date(NaN)]],
    ['endTime', [skip, 'now']],
    ['eventTypes', [skip, skip, 'CUSTOM']],
    ['severities', [skip, skip, skip, ['bad']]],
    ['source', [skip, skip, skip, skip, 1]],
    ['target', [skip, skip, skip, skip, skip, null]],
    ['limit', [skip, skip, skip, skip, skip, skip, -1]],
    ['offset', [skip, skip, skip, skip, skip, skip, 1, 0.5]],
  ])('querySecurityEvents refuses an invalid positional parameter %s', async (_, parameters) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'querySecurityEvents', ...parameters));
  });
});

test.each<[method: string, field: string, args: readonly unknown[]]>([
  ...['', 5, null, undefined].map((id): [string, string, unknown[]] => ['get', 'id', [id]]),
  ['page', 'size', [{}, { size: '1' }]],
  ['page', 'page', [{}, { limit: 1 }]],
  ['page', 'page', [{}, 5]],
  ['page', 'limit', [{ limit: 5 }, {}]],
  ['page', 'offset', [{ offset: 0 }, {}]],
  ['page', 'query', [[], {}]],
  ['iterate', 'limit', [{ limit: 1 }]],
  ['iterate', 'offset', [{ offset: 1 }]],
  ['iterate', 'query', [{ other: 1 }]],
  ['aggregate', 'options', [{}, undefined]],
  ['aggregate', 'by', [{}, {}]],
  ['aggregate', 'by', [{}, { by: 'color' }]],
  ['aggregate', 'by', [{}, { by: null }]],
  ['aggregate', 'by', [{}, { by: 5 }]],
  ['aggregate', 'by.bucketMs', [{}, { by: {} }]],
  ['aggregate', 'by.bucketMs', [{}, { by: { bucketMs: 1.5 } }]],
  ['aggregate', 'by', [{}, { by: { bucketMs: 1, other: 1 } }]],
  ['aggregate', 'options', [{}, { by: 'eventType', more: 1 }]],
  ['verify', 'options', [{ fast: true }]],
])('events.%s refuses invalid arguments and names the field %s: %j', async (method, field, args) => {
  const call = () => callMethod(shared().db, `events.${method}`, args);
  expect(await expectError('INVALID_INPUT', call)).toMatchObject({ operation: `events.${method}`, field });
});

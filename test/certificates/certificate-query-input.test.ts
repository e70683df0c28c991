import { badCounts, nonJsonValues, unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db));

type BadField = readonly [title: string, fields: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { [field]: value }, field]);
}

function elementsOf(field: string, values: readonly (readonly [string, unknown])[]): BadField[] {
  return values.map(([kind, value]) => [`an element of ${field}: ${kind}`, { [field]: [value] }, `${field}[0]`]);
}

const anyTime = unstorableTimes.filter(([kind]) => !kind.startsWith('the year'));

const badFields: BadField[] = [
  ...['subject', 'issuer', 'fingerprint'].flatMap((field) =>
    eachOf(field, [...valuesBut('text', 'undefined'), ...unstorableTexts]),
  ),
  ...eachOf('ids', valuesBut('array', 'undefined')),
  ...elementsOf('ids', [...valuesBut('text'), ...unstorableTexts]),
  ...eachOf('status', valuesBut('array', 'undefined')),
  ...elementsOf('status', [...valuesBut(), ['a status of agents', 'ACTIVE'], ['another case', 'valid']]),
  ...['expiresBefore', 'expiresAfter'].flatMap((field) => eachOf(field, anyTime)),
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.map(([kind, value]): BadField => [`metadata with ${kind}`, { metadata: { a: value } }, 'metadata']),
  ...['limit', 'offset'].flatMap((field) => eachOf(field, badCounts)),
  ...eachOf('orderBy', [
    ...valuesBut('undefined'),
    ['an empty text', ''],
    ['the name of a column', 'created_at'],
    ['a field that cannot be ordered by', 'fingerprint'],
    ['an inherited property', 'constructor'],
    ['SQL', 'id; DROP TABLE certificates'],
  ]),
  ...eachOf('orderDirection', [...valuesBut('undefined'), ['an empty text', ''], ['another case', 'DESC']]),
];

describe('certificates.query', () => {
  test.each(badFields)('refuses %s', async (_, fields, field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.certificates.query(fields));
    expect(error).toMatchObject({ field, operation: 'certificates.query', retryable: false });
    expect(error.message).toMatch(/^Failed to query certificates: /);
  });

  test.each(['id', 'name', 'Subject', 'cursor', 'expiresat'])('refuses the unknown field %s', async (field) => {
    const error = await expectError('INVALID_INPUT', () => shared().db.certificates.query({ [field]: undefined }));
    expect(error.message).toContain(field);
  });

  test.each(valuesBut('object', 'undefined'))('refuses %s in place of a query', async (_, query) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.certificates, 'query', query));
  });

  test('refuses an invalid field even when another field matches nothing', async () => {
    for (const wrong of [{ limit: -1 }, { orderBy: 'x' }, { status: ['x'] }, { expiresAfter: 1 }]) {
      const query = { subject: '', ids: [], ...wrong };
      await expectError('INVALID_INPUT', () => callUntyped(shared().db.certificates, 'query', query));
    }
  });

  test('refuses unknown options of a read', async () => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.certificates, 'query', {}, { limit: 1 }));
  });
});

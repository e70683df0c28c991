import { DatabaseError, isDatabaseError } from '../../src';
import { expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

type Package = typeof import('../../src');

/** The package as a second copy of it would be loaded. */
function loadAnotherCopy(): Package {
  let copy: Package | undefined;
  jest.isolateModules(() => {
    copy = jest.requireActual<Package>('../../src');
  });
  if (copy === undefined) throw new Error('unreachable');
  return copy;
}

describe('isDatabaseError', () => {
  test('knows the errors of this copy of the package', async () => {
    const { db } = await openTestDatabase();
    const error = await expectError('INVALID_INPUT', () => db.getAgent(''));
    expect(isDatabaseError(error)).toBe(true);
    expect(error).toBeInstanceOf(DatabaseError);
  });

  test('knows the errors of another copy, whose class is another one, and is known there', async () => {
    const { db } = await openTestDatabase();
    const copy = loadAnotherCopy();
    const ours = await expectError('INVALID_INPUT', () => db.getAgent(''));
    const other = new copy.DatabaseService({ url: ':memory:' });
    const theirs: unknown = await other.getAgent('a').catch((error: unknown) => error);
    expect(copy.DatabaseError).not.toBe(DatabaseError);
    expect(theirs).not.toBeInstanceOf(DatabaseError);
    expect(isDatabaseError(theirs)).toBe(true);
    expect(copy.isDatabaseError(ours)).toBe(true);
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'DatabaseError'],
    ['a number', 1],
    ['a function', () => 1],
    ['an Error', new Error('Failed to get agent: x')],
    ['an object that looks like one', { name: 'DatabaseError', code: 'BUSY', operation: 'x', retryable: true }],
  ])('does not take %s for one', (_, value) => {
    expect(isDatabaseError(value)).toBe(false);
  });
});

test('an error is shown with its code and operation, and without the mark that makes it known', async () => {
  const { db } = await openTestDatabase();
  const error = await expectError('INVALID_INPUT', () => db.getAgent(''));
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    code: 'INVALID_INPUT',
    operation: 'agents.get',
    retryable: false,
    field: 'id',
  });
  expect(String(error)).toMatch(/^DatabaseError: Failed to get agent: id /);
});

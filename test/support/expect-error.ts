import { isDeepStrictEqual } from 'node:util';
import { DatabaseError, type DatabaseErrorCode, type TransactionScope } from '../../src';
import { allRawRows, type LocatedDatabase } from './raw-reader';
import type { TestDatabase } from './test-database';

/** Expects that `work` fails with a `DatabaseError` of this code, and returns the error. */
export async function expectError(code: DatabaseErrorCode, work: () => unknown): Promise<DatabaseError> {
  const error: unknown = await Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ code });
  return error as DatabaseError;
}

/** Expects equal rows. Jest compares thousands of values slowly, so it only explains a difference. */
function expectEqualRows(rows: object, expected: object): void {
  if (!isDeepStrictEqual(rows, expected)) expect(rows).toEqual(expected);
}

/** Expects that a call fails with this code and changes no row, and returns the error. */
export async function expectRefused(
  database: LocatedDatabase,
  code: DatabaseErrorCode,
  work: () => unknown,
): Promise<DatabaseError> {
  const before = await allRawRows(database);
  const error = await expectError(code, work);
  expectEqualRows(await allRawRows(database), before);
  return error;
}

/** Expects the tests of a `describe` to leave the rows of their shared database as they are. */
export function expectUnchangedRows(shared: () => LocatedDatabase): void {
  let before: object = {};
  beforeAll(async () => {
    before = await allRawRows(shared());
  });
  afterAll(async () => {
    expectEqualRows(await allRawRows(shared()), before);
  });
}

/** Runs `work` in a transaction that is rolled back, and expects that no row has changed. */
export async function expectRolledBack(
  database: TestDatabase,
  work: (tx: TransactionScope) => Promise<unknown>,
): Promise<void> {
  const before = await allRawRows(database);
  const failing = database.db.transaction(async (tx) => {
    await work(tx);
    throw new RangeError('enough');
  });
  await expect(failing).rejects.toThrow(new RangeError('enough'));
  expect(await allRawRows(database)).toEqual(before);
}

/** Calls a method with arguments of any type, as JavaScript can. */
export function callUntyped(target: object, method: string, ...args: readonly unknown[]): Promise<unknown> {
  // The test checks how the method handles arguments of a wrong type.
  const callable = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
  return callable.apply(target, [...args]);
}

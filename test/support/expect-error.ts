import { isDeepStrictEqual } from 'node:util';
import { DatabaseError, type DatabaseErrorCode, type TransactionScope } from '../../src';
import { allRawRows } from './raw-reader';
import type { TestDatabase } from './test-database';

/** The `DatabaseError` that `work` fails with, which has this code. */
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

/** The error of a call that is refused: it has this code, and the database is as it was. */
export async function expectRefused(
  database: TestDatabase,
  code: DatabaseErrorCode,
  work: () => unknown,
): Promise<DatabaseError> {
  const before = await allRawRows(database);
  const error = await expectError(code, work);
  expectEqualRows(await allRawRows(database), before);
  return error;
}

/** Expects the tests of a `describe` to leave the rows of their shared database as they are. */
export function expectUnchangedRows(shared: () => TestDatabase): void {
  let before: object = {};
  beforeAll(async () => {
    before = await allRawRows(shared());
  });
  afterAll(async () => {
    expectEqualRows(await allRawRows(shared()), before);
  });
}

/** Runs `work` in a transaction that fails afterwards, and expects the database as it was. */
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

/** Calls a method as JavaScript can, which no compiler keeps from giving it anything. */
export function callUntyped(target: object, method: string, ...args: readonly unknown[]): Promise<unknown> {
  // Whatever the method makes of the arguments is what the test is about.
  const callable = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
  return callable.apply(target, [...args]);
}

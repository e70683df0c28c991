import { DatabaseError, type DatabaseErrorCode } from '../../src';
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

/** The error of a call that is refused: it has this code, and the database is as it was. */
export async function expectRefused(
  database: TestDatabase,
  code: DatabaseErrorCode,
  work: () => unknown,
): Promise<DatabaseError> {
  const before = await allRawRows(database);
  const error = await expectError(code, work);
  expect(await allRawRows(database)).toEqual(before);
  return error;
}

/** Calls a method as JavaScript can, which no compiler keeps from giving it anything. */
export function callUntyped(target: object, method: string, ...args: readonly unknown[]): Promise<unknown> {
  // Whatever the method makes of the arguments is what the test is about.
  const callable = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
  return callable.apply(target, [...args]);
}

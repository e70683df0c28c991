import { DatabaseError, type DatabaseErrorCode } from '../../src';

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

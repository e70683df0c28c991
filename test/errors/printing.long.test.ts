import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DatabaseError, databaseErrorCodes, driverErrorOf, isDatabaseError } from '../../src';
import { agentInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { printers } from './error-printers';
import { applicationConstraint, knownCertificate, provocations, secret } from './provoked-errors';

async function fill(database: TestDatabase): Promise<void> {
  await database.db.createCertificate(knownCertificate);
  await database.db.createAgent(agentInput({ id: secret, name: secret, certificateId: secret }));
  await changeRaw(database, applicationConstraint[onPostgresql ? 'postgresql' : 'sqlite']);
}

const shared = shareTestDatabase({ retry: false }, fill);

async function provoke(name: string): Promise<DatabaseError> {
  const failed = await provocations[name]?.(shared().db).catch((error: unknown) => error);
  if (!(failed instanceof DatabaseError)) throw new Error(`${name} was not provoked: ${inspect(failed)}`);
  return failed;
}

/** Returns an error as a driver might throw it, with the secret in every part. */
function leakyError(): Error {
  const inner = Object.assign(new Error(secret), { code: 'SQLITE_ERROR', detail: secret, stack: `Error: ${secret}` });
  const both = Object.assign(new AggregateError([inner, new Error(secret)], secret, { cause: inner }), {
    [Symbol(secret)]: secret,
    meta: { driverAdapterError: inner },
  });
  both.name = secret;
  return both;
}

describe('printed errors', () => {
  test.each(Object.keys(provocations))(
    'a DatabaseError with the code %s shows no stored value in any printed form',
    async (name) => {
      const error = await provoke(name);
      expect(error.code).toBe(name);
      for (const [printer, print] of Object.entries(printers)) {
        expect([printer, print(error).includes(secret)]).toEqual([printer, false]);
      }
    },
  );

  test.each(databaseErrorCodes)(
    'a printed DatabaseError with the code %s shows no part of the driver error',
    (code) => {
      const details = { code, operation: 'agents.get', message: 'Failed to get agent: test', retryable: false };
      const error = new DatabaseError({ ...details, cause: leakyError() });
      for (const [printer, print] of Object.entries(printers)) {
        expect([printer, print(error).includes(secret)]).toEqual([printer, false]);
      }
    },
  );

  test('the report of a failed Jest assertion on a DatabaseError shows no stored value', async () => {
    const error = await provoke('ALREADY_EXISTS');
    const report = (): unknown => expect(error).toEqual(new Error('another'));
    expect(report).toThrow();
    try {
      report();
    } catch (failure) {
      expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain(secret);
    }
  });
});

test.each(Object.keys(provocations))(
  'a process that ends with an uncaught DatabaseError prints no stored value when the code is %s',
  async (name) => {
    const database = await openTestDatabase({ retry: false });
    await fill(database);
    const script = join(__dirname, 'printing-process.ts');
    const args = ['--import', 'tsx', script, database.options.url, name];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr.includes('DatabaseError: '), stdout.includes(name)]).toEqual([1, true, true]);
    expect([stdout.includes(secret), stderr.includes(secret)]).toEqual([false, false]);
  },
);

describe('driverErrorOf', () => {
  test.each(Object.keys(provocations))(
    'driverErrorOf returns the error of the driver when the code is %s',
    async (name) => {
      const error = await provoke(name);
      // SQLite's own messages name columns only.
      const text =
        /^(?:ALREADY_EXISTS|REFERENCE_NOT_FOUND)$/.test(name) && !onPostgresql ? 'constraint failed' : secret;
      expect(inspect(driverErrorOf(error), { depth: 5, showHidden: true })).toContain(text);
      expect(driverErrorOf(error)).not.toBe(error.cause);
    },
  );

  test('driverErrorOf returns undefined when no driver has thrown an error', async () => {
    const { db } = shared();
    const failed = await db.getAgent('').catch((error: unknown) => error);
    expect(isDatabaseError(failed)).toBe(true);
    const others = [failed, new Error('x', { cause: new Error('y') }), undefined, null, 'text', 1, {}];
    expect(others.map(driverErrorOf)).toEqual(others.map(() => undefined));
  });

  test('driverErrorOf accepts an error from another copy of the package', async () => {
    const ours = await provoke('ALREADY_EXISTS');
    jest.isolateModules(() => {
      const copy = jest.requireActual<typeof import('../../src')>('../../src');
      expect(copy.driverErrorOf).not.toBe(driverErrorOf);
      expect(copy.driverErrorOf(ours)).toBe(driverErrorOf(ours));
    });
  });
});

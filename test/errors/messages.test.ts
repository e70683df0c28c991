import { inspect } from 'node:util';
import { DatabaseError, databaseErrorCodes, DatabaseService, isDatabaseError } from '../../src';
import { agentInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({ maxResults: 0 }, async ({ db }) => {
  const certificateId = await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
  await createAgent(db, { id: 'known', certificateId, status: 'REVOKED' });
  await db.recordSecurityEvent(eventInput({ id: 'known' }));
});

/** The operation and the beginning of the message of every call. */
const operations = {
  createAgent: ['agents.create', 'Failed to create agent: '],
  getAgent: ['agents.get', 'Failed to get agent: '],
  updateAgent: ['agents.update', 'Failed to update agent: '],
  deleteAgent: ['agents.delete', 'Failed to delete agent: '],
  queryAgents: ['agents.query', 'Failed to query agents: '],
  createCertificate: ['certificates.create', 'Failed to create certificate: '],
  getCertificate: ['certificates.get', 'Failed to get certificate: '],
  getCertificateByFingerprint: ['certificates.getByFingerprint', 'Failed to get certificate by fingerprint: '],
  updateCertificateStatus: ['certificates.updateStatus', 'Failed to update certificate status: '],
  recordSecurityEvent: ['events.record', 'Failed to record security event: '],
  querySecurityEvents: ['events.query', 'Failed to query security events: '],
} as const;

const known = agentInput({ id: 'known', certificateId: 'revoked' });

describe('errors of calls', () => {
  test('the error of a call has the same operation, field and message inside a transaction', async () => {
    await shared().db.transaction(async (tx) => {
      const agent = agentInput({ certificateId: 'no-such-certificate' });
      const error = await expectError('REFERENCE_NOT_FOUND', () => tx.createAgent(agent));
      expect(error).toMatchObject({ operation: 'agents.create', field: 'certificateId', entity: 'certificate' });
      expect(error.message).toMatch(/^Failed to create agent: /);
      await expectError('INVALID_INPUT', () => tx.queryAgents({ limit: -1 }));
    });
  });

  test('the error of a call has a cause with the name and the code of the driver error', async () => {
    const error = await expectError('ALREADY_EXISTS', () => shared().db.createAgent(known));
    const code = onPostgresql ? '23505' : 'SQLITE_CONSTRAINT_PRIMARYKEY';
    // The name of pg, better-sqlite3 and node:sqlite.
    expect(error.cause).toMatchObject({ name: expect.stringMatching(/^(error|SqliteError|Error)$/) as string, code });
    expect(inspect(error)).toContain(code);
  });

  test('the error of a call on an uninitialized database has no entity and no field', async () => {
    const error = await expectError('NOT_INITIALIZED', () => new DatabaseService().getAgent('a'));
    expect([error.entity, error.field]).toEqual([undefined, undefined]);
    expect(error.message).toBe('Database is not initialized');
  });

  test('the error of initialize begins with "Failed to initialize database"', async () => {
    const db = new DatabaseService({ url: 'file:/no/such/directory/x.sqlite' });
    const error = await expectError('UNAVAILABLE', () => db.initialize());
    expect(error.message).toMatch(/^Failed to initialize database: /);
  });

  test('a failed call rejects its promise with an error that names the operation', async () => {
    for (const [call, [operation, prefix]] of Object.entries(operations)) {
      const promise = callUntyped(shared().db, call, Symbol('wrong'));
      expect(promise).toBeInstanceOf(Promise);
      const message: unknown = expect.stringMatching(new RegExp(`^${prefix}.`));
      const expected = { name: 'DatabaseError', code: 'INVALID_INPUT', operation, message, retryable: false };
      await expect(promise).rejects.toMatchObject(expected);
    }
  });

  test('JSON.stringify of an error returns exactly the documented fields', async () => {
    const error = await expectError('ALREADY_EXISTS', () => createCertificate(shared().db, { id: 'revoked' }));
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'DatabaseError',
      code: 'ALREADY_EXISTS',
      message: 'Failed to create certificate: id is already taken',
      operation: 'certificates.create',
      retryable: false,
      entity: 'certificate',
      field: 'id',
    });
    expect(String(error)).toBe('DatabaseError: Failed to create certificate: id is already taken');
    const bare = new DatabaseError({ code: 'BUSY', operation: 'agents.get', message: 'busy', retryable: true });
    expect(Object.keys(bare.toJSON())).toEqual(['name', 'code', 'message', 'operation', 'retryable']);
  });
});

test('databaseErrorCodes contains exactly the documented codes', () => {
  const codes = `ALREADY_EXISTS BUSY CONFLICT CONSTRAINT_VIOLATION CORRUPT DRIVER_UNAVAILABLE INTERNAL INVALID_INPUT
    INVALID_OPTIONS INVALID_TRANSITION MIGRATION_FAILED NOT_INITIALIZED OUT_OF_RANGE PERMISSION_DENIED READ_ONLY
    REFERENCE_NOT_FOUND RESULT_TOO_LARGE SCHEMA_OUTDATED SCHEMA_TOO_NEW STILL_REFERENCED STORAGE_FULL TIMEOUT UNAVAILABLE`;
  expect([...databaseErrorCodes].sort()).toEqual(codes.split(/\s+/));
});

describe('isDatabaseError', () => {
  type Package = typeof import('../../src');

  function loadAnotherCopy(): Package {
    let copy: Package | undefined;
    jest.isolateModules(() => {
      copy = jest.requireActual<Package>('../../src');
    });
    if (copy === undefined) throw new Error('unreachable');
    return copy;
  }

  test('isDatabaseError returns true for errors of this copy and of another copy of the package', async () => {
    const { db } = await openTestDatabase();
    const copy = loadAnotherCopy();
    const ours = await expectError('INVALID_INPUT', () => db.getAgent(''));
    const other = new copy.DatabaseService({ url: ':memory:' });
    const theirs: unknown = await other.getAgent('a').catch((error: unknown) => error);
    expect(copy.DatabaseError).not.toBe(DatabaseError);
    expect(theirs).not.toBeInstanceOf(DatabaseError);
    expect([ours, theirs].map(isDatabaseError)).toEqual([true, true]);
    expect(copy.isDatabaseError(ours)).toBe(true);
  });

  // test/limits/hostile-input.sampled.test.ts tries any other value.
  test.each([
    ['an Error', new Error('Failed to get agent: x')],
    ['an object with the same fields', { name: 'DatabaseError', code: 'BUSY', operation: 'x', retryable: true }],
  ])('isDatabaseError returns false for %s', (_, value) => {
    expect(isDatabaseError(value)).toBe(false);
  });
});

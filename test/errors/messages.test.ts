import { databaseErrorCodes, DatabaseService, type DatabaseErrorCode } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({ maxResults: 0 }, async ({ db }) => {
  const certificateId = await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
  await createAgent(db, { id: 'known', certificateId, status: 'REVOKED' });
  await db.recordSecurityEvent(eventInput({ id: 'known' }));
});

type Case = readonly [call: string, code: DatabaseErrorCode, prefix: string, operation: string, parameters: unknown[]];

const cases: readonly Case[] = [
  ['createAgent', 'INVALID_INPUT', 'Failed to create agent: ', 'agents.create', [{}]],
  [
    'createAgent',
    'ALREADY_EXISTS',
    'Failed to create agent: ',
    'agents.create',
    [agentInput({ id: 'known', certificateId: 'revoked' })],
  ],
  [
    'createAgent',
    'REFERENCE_NOT_FOUND',
    'Failed to create agent: ',
    'agents.create',
    [agentInput({ certificateId: '?' })],
  ],
  ['getAgent', 'INVALID_INPUT', 'Failed to get agent: ', 'agents.get', ['']],
  ['updateAgent', 'INVALID_INPUT', 'Failed to update agent: ', 'agents.update', [{}]],
  [
    'updateAgent',
    'INVALID_TRANSITION',
    'Failed to update agent: ',
    'agents.update',
    [{ id: 'known', status: 'ACTIVE' }],
  ],
  [
    'updateAgent',
    'REFERENCE_NOT_FOUND',
    'Failed to update agent: ',
    'agents.update',
    [{ id: 'known', certificateId: '?' }],
  ],
  ['deleteAgent', 'INVALID_INPUT', 'Failed to delete agent: ', 'agents.delete', [1]],
  ['queryAgents', 'INVALID_INPUT', 'Failed to query agents: ', 'agents.query', [{ limit: -1 }]],
  ['queryAgents', 'RESULT_TOO_LARGE', 'Failed to query agents: ', 'agents.query', [{}]],
  ['createCertificate', 'INVALID_INPUT', 'Failed to create certificate: ', 'certificates.create', [{}]],
  [
    'createCertificate',
    'ALREADY_EXISTS',
    'Failed to create certificate: ',
    'certificates.create',
    [certificateInput({ id: 'revoked' })],
  ],
  [
    'createCertificate',
    'INVALID_INPUT',
    'Failed to create certificate: ',
    'certificates.create',
    [{ ...certificateInput(), replacedBy: '?' }],
  ],
  ['getCertificate', 'INVALID_INPUT', 'Failed to get certificate: ', 'certificates.get', ['']],
  [
    'getCertificateByFingerprint',
    'INVALID_INPUT',
    'Failed to get certificate by fingerprint: ',
    'certificates.getByFingerprint',
    [1],
  ],
  [
    'updateCertificateStatus',
    'INVALID_INPUT',
    'Failed to update certificate status: ',
    'certificates.updateStatus',
    ['revoked', 'x'],
  ],
  [
    'updateCertificateStatus',
    'INVALID_TRANSITION',
    'Failed to update certificate status: ',
    'certificates.updateStatus',
    ['revoked', 'VALID'],
  ],
  ['recordSecurityEvent', 'INVALID_INPUT', 'Failed to record security event: ', 'events.record', [{}]],
  [
    'recordSecurityEvent',
    'ALREADY_EXISTS',
    'Failed to record security event: ',
    'events.record',
    [eventInput({ id: 'known' })],
  ],
  ['querySecurityEvents', 'INVALID_INPUT', 'Failed to query security events: ', 'events.query', [{ limit: -1 }]],
  ['querySecurityEvents', 'RESULT_TOO_LARGE', 'Failed to query security events: ', 'events.query', [{}]],
];

describe('the error of a call', () => {
  for (const [call, code, prefix, operation, parameters] of cases) {
    test(`${call} with ${code} is ${operation}'s`, async () => {
      const error = await expectError(code, () => callUntyped(shared().db, call, ...parameters));
      expect(error.message.startsWith(prefix)).toBe(true);
      expect(error.message.length).toBeGreaterThan(prefix.length);
      expect(error).toMatchObject({ name: 'DatabaseError', operation, retryable: false });
      expect(error).toBeInstanceOf(Error);
      expect(databaseErrorCodes).toContain(error.code);
    });
  }

  test('is the same inside a transaction', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      const agent = agentInput({ certificateId: 'no-such-certificate' });
      const error = await expectError('REFERENCE_NOT_FOUND', () => tx.createAgent(agent));
      expect(error).toMatchObject({ operation: 'agents.create', field: 'certificateId', entity: 'certificate' });
      expect(error.message).toMatch(/^Failed to create agent: /);
      await expectError('INVALID_INPUT', () => tx.queryAgents({ limit: -1 }));
    });
  });

  test('has the kind and the code of the driver’s error as its cause', async () => {
    const again = agentInput({ id: 'known', certificateId: 'revoked' });
    const error = await expectError('ALREADY_EXISTS', () => shared().db.createAgent(again));
    expect(error.cause).toMatchObject({ code: onPostgresql ? '23505' : 'SQLITE_CONSTRAINT_PRIMARYKEY' });
  });

  test('has no entity and no field where none is known', async () => {
    const error = await expectError('NOT_INITIALIZED', () => new DatabaseService().getAgent('a'));
    expect(error.entity).toBeUndefined();
    expect(error.field).toBeUndefined();
    expect(error.message).toBe('Database is not initialized');
  });

  test('of initialize begins with its own words', async () => {
    const db = new DatabaseService({ url: 'file:/no/such/directory/x.sqlite' });
    const error = await expectError('UNAVAILABLE', () => db.initialize());
    expect(error.message).toMatch(/^Failed to initialize database: /);
  });

  test('never comes synchronously, whatever the arguments', async () => {
    for (const call of new Set(cases.map(([name]) => name))) {
      const promise = callUntyped(shared().db, call, Symbol('wrong'));
      expect(promise).toBeInstanceOf(Promise);
      await expect(promise).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });
});

test('databaseErrorCodes lists exactly the codes of the contract', () => {
  expect([...databaseErrorCodes].sort()).toEqual([
    'ALREADY_EXISTS',
    'BUSY',
    'CONFLICT',
    'CONSTRAINT_VIOLATION',
    'CORRUPT',
    'DRIVER_UNAVAILABLE',
    'INTERNAL',
    'INVALID_INPUT',
    'INVALID_OPTIONS',
    'INVALID_TRANSITION',
    'MIGRATION_FAILED',
    'NOT_INITIALIZED',
    'OUT_OF_RANGE',
    'PERMISSION_DENIED',
    'READ_ONLY',
    'REFERENCE_NOT_FOUND',
    'RESULT_TOO_LARGE',
    'SCHEMA_OUTDATED',
    'SCHEMA_TOO_NEW',
    'STILL_REFERENCED',
    'STORAGE_FULL',
    'TIMEOUT',
    'UNAVAILABLE',
  ]);
});

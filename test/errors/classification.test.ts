import { classifyPostgresqlError } from '../../src/engines/postgresql/errors/classify';
import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';
import { classifyError } from '../../src/errors/classify-error';
import { Failure, invalidInput } from '../../src/errors/failure';
import { toDatabaseError } from '../../src/errors/operation';

function reported(fields: object): Error {
  return Object.assign(new Error('reported'), fields);
}

function fromServer(code: string, fields: object = {}): Error {
  return reported({ severity: 'ERROR', code, ...fields });
}

const transient = { isTransient: true, isSerializationConflict: false, isReadOnlyServer: false };
const final = { ...transient, isTransient: false };

describe('an error of PostgreSQL', () => {
  test.each<[string, Error, object]>([
    ['a serialization failure', fromServer('40001'), { ...transient, code: 'CONFLICT', isSerializationConflict: true }],
    ['a deadlock', fromServer('40P01'), { ...transient, code: 'CONFLICT', isSerializationConflict: true }],
    ['a read-only server', fromServer('25006'), { ...transient, code: 'READ_ONLY', isReadOnlyServer: true }],
    ['an outdated plan', fromServer('26000'), { ...transient, code: 'UNAVAILABLE', availability: 'down' }],
    ['a lock timeout', fromServer('55P03'), { ...transient, code: 'BUSY', availability: 'up' }],
    ['a refused connection', reported({ code: 'ECONNREFUSED' }), { ...transient, availability: 'down' }],
    ['a full server', fromServer('53300'), { ...transient, availability: 'down' }],
    ['a rejected role', fromServer('28P01'), { ...final, code: 'UNAVAILABLE', availability: 'up' }],
    ['an expired certificate', reported({ code: 'CERT_HAS_EXPIRED' }), { ...final, availability: 'down' }],
    ['a cancellation', fromServer('57014', { message: 'due to user request' }), { ...final, availability: 'up' }],
    [
      'a statement timeout',
      fromServer('57014', { message: 'due to statement timeout' }),
      { ...final, code: 'TIMEOUT' },
    ],
    ['a connect timeout', reported({ message: 'timeout expired' }), { ...final, code: 'UNAVAILABLE' }],
    ['an unknown state', fromServer('XX000'), { ...final, code: 'INTERNAL', availability: 'unknown' }],
    ['a taken key', fromServer('23505', { constraint: 'agents_pkey' }), { ...final, field: 'id', availability: 'up' }],
    [
      'a missing certificate',
      fromServer('23503', { constraint: 'agents_certificate_id_fkey' }),
      { ...final, code: 'REFERENCE_NOT_FOUND', violatesOwnForeignKey: true },
    ],
    [
      'an event without a head of the chain',
      fromServer('23502', { table: 'security_event_entries', column: 'sequence' }),
      { ...final, code: 'CONFLICT', missingColumn: 'security_event_entries.sequence' },
    ],
  ])('is classified: %s', (_, error, expected) => {
    expect(classifyPostgresqlError(error)).toMatchObject({ ...expected, isReported: true, cause: error });
  });
});

describe('an error of SQLite', () => {
  test.each<[string, object, object]>([
    ['SQLITE_BUSY', { ...transient, code: 'BUSY', availability: 'up' }, {}],
    ['SQLITE_IOERR_WRITE', { ...transient, code: 'UNAVAILABLE', availability: 'down' }, {}],
    ['SQLITE_READONLY', { ...final, code: 'READ_ONLY', availability: 'up' }, {}],
    ['SQLITE_ERROR', { ...final, code: 'INTERNAL', availability: 'unknown' }, {}],
    [
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      { ...final, code: 'REFERENCE_NOT_FOUND', violatesOwnForeignKey: false },
      { message: 'FOREIGN KEY constraint failed' },
    ],
    [
      'SQLITE_CONSTRAINT_NOTNULL',
      { ...final, code: 'ALREADY_EXISTS', missingColumn: 'agents.name', availability: 'up' },
      { message: 'NOT NULL constraint failed: agents.name' },
    ],
  ])('is classified: %s', (code, expected, fields) => {
    const error = reported({ code, ...fields });
    expect(classifySqliteError(error)).toMatchObject({ ...expected, isReported: true, cause: error });
  });
});

describe('any error', () => {
  test('of a process without free file descriptors says nothing about the database', () => {
    const error = reported({ code: 'EMFILE', syscall: 'connect' });
    const expected = { ...transient, code: 'UNAVAILABLE', availability: 'unknown' };
    expect(classifyPostgresqlError(error)).toMatchObject(expected);
    expect(classifySqliteError(error)).toMatchObject(expected);
  });

  test('without a code is a fault of this package, which the database has not reported', () => {
    const error = new TypeError('x is undefined');
    expect(classifySqliteError(error)).toMatchObject({ code: 'INTERNAL', isReported: false, cause: error });
  });

  test('of the input is returned unchanged', () => {
    const failure = invalidInput('limit', 'must be an integer from 0 to 9');
    expect(classifyPostgresqlError(failure)).toBe(failure);
    expect(failure).toMatchObject({ isReported: false, availability: 'unknown' });
  });

  test('that a callback wraps around an error of a call keeps what is known about the call', () => {
    const failure = classifyPostgresqlError(fromServer('40001'));
    const wrapped = new Error('the order failed', { cause: toDatabaseError('agents.update', failure) });
    expect(classifyError(wrapped)).toMatchObject({
      code: 'CONFLICT',
      isSerializationConflict: true,
      cause: wrapped,
    });
  });

  test('that only resembles a conflict of this database is not a conflict', () => {
    expect(classifyError(fromServer('40001'))).toMatchObject({ code: 'INTERNAL', isSerializationConflict: false });
  });

  test('of a rollback after a failure keeps the code of the failure', () => {
    const both = new AggregateError([], 'both');
    both.cause = new Failure('INVALID_TRANSITION', 'the agent is REVOKED, which is final', { field: 'status' });
    expect(classifySqliteError(both)).toMatchObject({ code: 'INVALID_TRANSITION', field: 'status', cause: both });
  });
});

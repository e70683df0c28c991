import { classifyPostgresqlError } from '../../src/engines/postgresql/errors/classify';
import { describeTlsError } from '../../src/engines/postgresql/errors/tls-errors';
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
  ['a slow statement', fromServer('57014', { message: 'due to statement timeout' }), { ...final, code: 'TIMEOUT' }],
  ['a connect timeout', reported({ message: 'timeout expired' }), { ...final, code: 'UNAVAILABLE' }],
  ['an unknown state', fromServer('XX000'), { ...final, code: 'INTERNAL', availability: 'unknown' }],
  ['a taken key', fromServer('23505', { constraint: 'agents_pkey' }), { ...final, field: 'id', availability: 'up' }],
  [
    'a missing certificate',
    fromServer('23503', { constraint: 'agents_certificate_id_fkey' }),
    { ...final, code: 'REFERENCE_NOT_FOUND', violatesOwnForeignKey: true },
  ],
])('classifyPostgresqlError classifies %s', (_, error, expected) => {
  expect(classifyPostgresqlError(error)).toMatchObject({ ...expected, isReported: true, cause: error });
});

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
    { ...final, code: 'ALREADY_EXISTS', availability: 'up' },
    { message: 'NOT NULL constraint failed: agents.name' },
  ],
])('classifySqliteError classifies %s', (code, expected, fields) => {
  const error = reported({ code, ...fields });
  expect(classifySqliteError(error)).toMatchObject({ ...expected, isReported: true, cause: error });
});

describe('the classification of errors', () => {
  test('an error because of missing file descriptors has the availability unknown', () => {
    const error = reported({ code: 'EMFILE', syscall: 'connect' });
    const expected = { ...transient, code: 'UNAVAILABLE', availability: 'unknown' };
    expect(classifyPostgresqlError(error)).toMatchObject(expected);
    expect(classifySqliteError(error)).toMatchObject(expected);
    for (const [code, message] of [
      ['ERR_DLOPEN_FAILED', '/app/better_sqlite3.node: cannot open shared object file: Too many open files'],
      ['ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'],
    ] as const) {
      expect(classifySqliteError(loadError(message, code))).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    }
  });

  test('an error without a code gets the code INTERNAL', () => {
    const error = new TypeError('x is undefined');
    expect(classifySqliteError(error)).toMatchObject({ code: 'INTERNAL', isReported: false, cause: error });
  });

  test('the classification returns a failure because of invalid input unchanged', () => {
    const failure = invalidInput('limit', 'must be an integer from 0 to 9');
    expect(classifyPostgresqlError(failure)).toBe(failure);
    expect(failure).toMatchObject({ isReported: false, availability: 'unknown' });
  });

  test('the classification uses the code of a database error that another error wraps', () => {
    const failure = classifyPostgresqlError(fromServer('40001'));
    const wrapped = new Error('the order failed', { cause: toDatabaseError('agents.update', failure) });
    expect(classifyError(wrapped)).toMatchObject({
      code: 'CONFLICT',
      isSerializationConflict: true,
      cause: wrapped,
    });
  });

  test('an error of another database server is not treated as a conflict of this database', () => {
    expect(classifyError(fromServer('40001'))).toMatchObject({ code: 'INTERNAL', isSerializationConflict: false });
  });

  test('the classification uses the code of the first failure when the rollback also fails', () => {
    const both = new AggregateError([], 'both');
    both.cause = new Failure('INVALID_TRANSITION', 'the agent is REVOKED, which is final', { field: 'status' });
    expect(classifySqliteError(both)).toMatchObject({ code: 'INVALID_TRANSITION', field: 'status', cause: both });
  });
});

test.each([
  ['CERT_HAS_EXPIRED', /has expired/],
  ['CERT_NOT_YET_VALID', /not valid yet/],
  ['CERT_REVOKED', /is revoked/],
  ['HOSTNAME_MISMATCH', /another host name/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /self-signed/],
  ['SELF_SIGNED_CERT_IN_CHAIN', /unknown authority/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unknown authority/],
  ['CERT_SIGNATURE_FAILURE', /rejected \(CERT_SIGNATURE_FAILURE\)/],
  ['INVALID_PURPOSE', /rejected/],
  ['PATH_LENGTH_EXCEEDED', /rejected/],
  ['CRL_HAS_EXPIRED', /rejected/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /handshake/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /handshake/],
  ['EPROTO', /handshake/],
])('describeTlsError describes the code %s', (code, message) => {
  expect(describeTlsError(code)).toMatch(message);
});

test.each(['ECONNRESET', 'SQLITE_BUSY', '42501', 'ENOENT', undefined, 7])(
  'describeTlsError returns undefined for the code %s',
  (code) => {
    expect(describeTlsError(code)).toBeUndefined();
  },
);

/** Returns the error with which Node.js reports that it cannot load a module. */
function loadError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('an error in loading the SQLite driver', () => {
  test.each([
    ['MODULE_NOT_FOUND', "Cannot find module 'better-sqlite3'"],
    ['MODULE_NOT_FOUND', "Cannot find module 'bindings'"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'better-sqlite3' imported from /app/index.mjs"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'file-uri-to-path' imported from /app/index.mjs"],
  ])('the error asks for the installation of better-sqlite3 when the package is missing: %s, %s', (code, message) => {
    const failure = classifySqliteError(loadError(message, code));
    expect(failure).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false });
    expect(failure.message).toMatch(/^better-sqlite3 is not installed/);
  });

  test.each([
    ['ERR_DLOPEN_FAILED', 'better_sqlite3.node: wrong ELF class: ELFCLASS32'],
    ['ERR_DLOPEN_FAILED', 'was compiled against a different Node.js version using NODE_MODULE_VERSION 108'],
    [undefined, 'Could not locate the bindings file. Tried: …'],
  ])('the error asks for a rebuild of better-sqlite3 when its binary does not load: %s, %s', (code, message) => {
    const failure = classifySqliteError(loadError(message, code));
    expect(failure).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false });
    expect(failure.message).toMatch(/^better-sqlite3 has no binary for this version of Node\.js and this system/);
  });

  test.each([
    ['MODULE_NOT_FOUND', "Cannot find module './settings'"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'pino' imported from /app/index.mjs"],
    [undefined, "Cannot find module 'better-sqlite3'"],
  ])('a failure to load another module, or one without a code, is INTERNAL: %s, %s', (code, message) => {
    expect(classifySqliteError(loadError(message, code))).toMatchObject({ code: 'INTERNAL' });
  });
});

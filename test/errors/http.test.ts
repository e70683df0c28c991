import { DatabaseError, databaseErrorCodes, DatabaseService, type DatabaseErrorCode } from '../../src';
import { httpStatusOf, toProblemDetails } from '../../src/errors/index';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

function errorOf(code: DatabaseErrorCode): DatabaseError {
  const about = { entity: 'agent', field: 'name' } as const;
  return new DatabaseError({ code, operation: 'agents.create', message: 'the message', retryable: false, ...about });
}

/** The table of the documentation. Every other code has the status 500. */
const statuses: Readonly<Record<number, readonly DatabaseErrorCode[]>> = {
  400: ['INVALID_INPUT', 'OUT_OF_RANGE'],
  403: ['PERMISSION_DENIED'],
  409: ['ALREADY_EXISTS', 'CONFLICT', 'STILL_REFERENCED', 'INVALID_TRANSITION'],
  422: ['REFERENCE_NOT_FOUND', 'RESULT_TOO_LARGE'],
  503: ['BUSY', 'UNAVAILABLE', 'READ_ONLY', 'NOT_INITIALIZED'],
  504: ['TIMEOUT'],
  507: ['STORAGE_FULL'],
};
const hostile = new Proxy({}, { has: () => true, get: () => 'constructor' });
const shared = shareTestDatabase();

test('httpStatusOf returns the status of each code, and 500 for any other error', () => {
  const expected = databaseErrorCodes.map((code) => {
    const [status = '500'] = Object.entries(statuses).find(([, codes]) => codes.includes(code)) ?? [];
    return [code, Number(status)];
  });
  expect(databaseErrorCodes.map((code) => [code, httpStatusOf(errorOf(code))])).toEqual(expected);
  const others = [new Error('x'), undefined, null, 'INVALID_INPUT', { code: 'INVALID_INPUT' }, hostile];
  expect(others.map((other) => httpStatusOf(other))).toEqual(others.map(() => 500));
});

test('toProblemDetails returns the message only for errors that a client can correct', () => {
  const shown = (code: DatabaseErrorCode): readonly string[] => Object.keys(toProblemDetails(errorOf(code)));
  const always = ['type', 'title', 'status'];
  for (const code of databaseErrorCodes) {
    const status = httpStatusOf(errorOf(code));
    const isCorrectable = status < 500 && status !== 403;
    const details = isCorrectable ? ['detail', 'code', 'retryable', 'entity', 'field'] : ['code', 'retryable'];
    expect([code, ...shown(code)]).toEqual([code, ...always, ...(status === 500 ? [] : details)]);
  }
  const unknown = { type: 'about:blank', title: 'Internal Server Error', status: 500 };
  for (const other of [new Error('secret'), errorOf('CORRUPT'), hostile, undefined]) {
    expect(toProblemDetails(other)).toEqual(unknown);
  }
});

test('toProblemDetails returns the status, message, code and field of an error that a database call threw', async () => {
  const { db } = shared();
  await db.createCertificate(certificateInput({ id: 'known' }));
  const taken = await expectError('ALREADY_EXISTS', () => db.createCertificate(certificateInput({ id: 'known' })));
  expect(toProblemDetails(taken)).toEqual({
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    detail: taken.message,
    code: 'ALREADY_EXISTS',
    retryable: false,
    entity: 'certificate',
    field: 'id',
  });
  const closed = await expectError('NOT_INITIALIZED', () => new DatabaseService().getAgent('x'));
  const unavailable = { type: 'about:blank', title: 'Service Unavailable', status: 503 };
  expect(toProblemDetails(closed)).toEqual({ ...unavailable, code: 'NOT_INITIALIZED', retryable: false });
});

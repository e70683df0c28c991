import { perform } from '../../src/runtime/perform';
import { probeHealth } from '../../src/health/probe';
import type { HealthProbe } from '../../src/storage/health-probe';
import { Diagnostics } from '../../src/diagnostics/diagnostics';
import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';
import { Failure } from '../../src/errors/failure';
import { driverErrorOf } from '../../src';
import { expectError } from '../support/expect-error';

function createListeners() {
  const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const onEvent = jest.fn();
  return { logger, onEvent, diagnostics: new Diagnostics(logger, onEvent) };
}

function failWith(diagnostics: Diagnostics, reason: unknown): Promise<unknown> {
  return perform(diagnostics, 'agents.get', () => Promise.reject(reason as Error));
}

describe('an INTERNAL error', () => {
  test('passes the logger the message and the stack of each error in its chain of causes, as text', async () => {
    const { logger, onEvent, diagnostics } = createListeners();
    const inner = new RangeError('inner fault');
    const reason = Object.assign(new TypeError('outer fault', { cause: inner }), { query: 'INSERT' });
    await expectError('INTERNAL', () => failWith(diagnostics, reason));
    const cause = {
      name: 'TypeError',
      message: 'outer fault',
      stack: reason.stack,
      cause: { name: 'RangeError', message: 'inner fault', stack: inner.stack },
    };
    const told = {
      operation: 'agents.get',
      code: 'INTERNAL',
      durationMs: expect.any(Number) as number,
      attempt: 1,
      cause,
    };
    expect(logger.error.mock.calls).toEqual([[told, 'Failed to get agent: unexpected error']]);
    expect(JSON.stringify(onEvent.mock.calls)).not.toContain('fault');
  });

  test('passes the logger the stack of this package when the error has no cause', async () => {
    const { logger, diagnostics } = createListeners();
    const failure = new Failure('INTERNAL', 'the transaction was ended twice');
    const error = await expectError('INTERNAL', () => failWith(diagnostics, failure));
    const cause = { name: 'Failure', message: failure.message, stack: failure.stack };
    expect(logger.error.mock.calls).toMatchObject([[{ cause }, expect.any(String)]]);
    expect(driverErrorOf(error)).toBe(failure);
  });

  test.each<[string, unknown, object]>([
    ['a text', 'boom', { name: 'string', message: 'boom' }],
    ['a symbol', Symbol('boom'), { name: 'symbol', message: 'Symbol(boom)' }],
    ['a proxy that throws', new Proxy({}, { get: () => { throw new Error('no'); } }), { name: 'unknown' }], // prettier-ignore
  ])('passes the logger a description of a cause that is %s', async (_, reason, cause) => {
    const { logger, diagnostics } = createListeners();
    await expectError('INTERNAL', () => failWith(diagnostics, reason));
    expect(logger.error.mock.calls).toMatchObject([[{ cause }, expect.any(String)]]);
  });

  test('does not describe the cause when the code is not INTERNAL', async () => {
    const { logger, diagnostics } = createListeners();
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    await expectError('STORAGE_FULL', () => failWith(diagnostics, classifySqliteError(full)));
    const told = {
      operation: 'agents.get',
      code: 'STORAGE_FULL',
      durationMs: expect.any(Number) as number,
      attempt: 1,
    };
    expect(logger.error.mock.calls).toEqual([[told, 'Failed to get agent: the storage is full']]);
  });

  test('is logged when a query of health causes it, although health does not fail', async () => {
    const { logger, diagnostics } = createListeners();
    const fault = new TypeError('fault of a question');
    const vitals: HealthProbe = {
      engine: 'sqlite',
      ping: () => Promise.resolve(1),
      pendingMigrations: () => Promise.reject(fault),
      warnings: () => Promise.resolve([]),
      replicas: () => Promise.resolve([]),
      pool: () => undefined,
      abort: () => undefined,
    };
    const report = (error: unknown): void => diagnostics.internalError('health', error);
    await expect(probeHealth(vitals, 'closed', 1000, report)).resolves.toMatchObject({
      status: 'degraded',
      code: 'INTERNAL',
    });
    const cause = { message: 'fault of a question', stack: fault.stack };
    expect(logger.error.mock.calls).toMatchObject([[{ operation: 'health', cause }, expect.any(String)]]);
  });
});

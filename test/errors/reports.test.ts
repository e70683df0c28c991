import type { DatabaseEvent } from '../../src';
import { driverErrorOf } from '../../src';
import { Diagnostics } from '../../src/diagnostics/diagnostics';
import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';
import { Failure } from '../../src/errors/failure';
import { probeHealth } from '../../src/health/probe';
import { perform } from '../../src/runtime/perform';
import type { HealthProbe } from '../../src/storage/health-probe';
import { createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

function fail(): never {
  throw new Error('the listener is broken');
}

const brokenLogger = { debug: fail, info: fail, warn: fail, error: fail };

describe('failing callbacks', () => {
  test.each([
    ['onEvent', { onEvent: fail }],
    ['the logger', { logger: brokenLogger }],
    ['both', { onEvent: fail, logger: brokenLogger }],
  ])('a call returns the same result when onEvent or a method of the logger throws: %s', async (_, options) => {
    const { db } = await openTestDatabase(options);
    const id = await createAgent(db, { capabilities: ['a'] });
    expect(await db.getAgent(id)).toMatchObject({ id });
    expect(await db.transaction((tx) => tx.updateAgent({ id, name: 'changed' }))).toBe(true);
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    await expectError('ALREADY_EXISTS', () => createAgent(db, { id }));
    await expect(db.transaction(fail)).rejects.toThrow('the listener is broken');
    expect(await db.queryAgents({})).toMatchObject([{ name: 'changed', capabilities: ['a'] }]);
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.getAgent(id));
  });

  test('a call returns the same result when onEvent or a method of the logger rejects', async () => {
    const reject: () => unknown = () => Promise.reject(new Error('the listener is broken'));
    const { db } = await openTestDatabase({
      onEvent: reject,
      logger: { debug: reject, info: reject, warn: reject, error: reject },
    });
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    // An unhandled rejection would end the process; Jest fails the running test instead.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('a call returns the same result when onEvent changes the event object', async () => {
    const onEvent = (event: DatabaseEvent) => void Object.assign(event, { sql: 'DROP TABLE agents', code: 'INTERNAL' });
    const { db } = await openTestDatabase({ onEvent });
    const id = await createAgent(db);
    expect(await db.getAgent(id)).toMatchObject({ id });
    await expectError('ALREADY_EXISTS', () => createAgent(db, { id }));
  });
});

describe('onEvent', () => {
  test('onEvent receives each failure once, with its operation and code', async () => {
    const { db, events } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.queryAgents({ limit: -1 }));
    expect(events).toEqual([
      {
        type: 'error',
        operation: 'agents.query',
        code: 'INVALID_INPUT',
        durationMs: expect.any(Number) as unknown,
        attempt: 1,
      },
      {
        type: 'call',
        operation: 'agents.query',
        outcome: 'error',
        code: 'INVALID_INPUT',
        attempts: 1,
        rows: 0,
        cached: false,
        startedAt: expect.any(Number) as unknown,
        durationMs: expect.any(Number) as unknown,
      },
    ]);
  });

  test('onEvent receives each statement with its operation and its number of rows and changes', async () => {
    const { db, events } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const id = await createAgent(db, { certificateId });
    events.length = 0;
    await db.getAgent(id);
    await db.deleteAgent(id);
    const reported = events.filter((event) => event.type === 'query');
    expect(reported[0]).toMatchObject({ operation: 'agents.get', rows: 1, changes: 0 });
    const deleted = reported.filter(({ sql }) => sql.startsWith('DELETE FROM agents'));
    expect(deleted).toMatchObject([{ operation: 'agents.delete', rows: 0, changes: 1 }]);
    expect(reported.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });

  test('log lines are calls of methods on the logger itself, also when onEvent is set', async () => {
    class CountingLogger {
      #count = 0;
      get count() {
        return this.#count;
      }
      debug() {
        this.#count += 1;
      }
      info = () => this.debug();
      warn() {
        this.debug();
      }
      error = () => this.debug();
    }
    const logger = new CountingLogger();
    const { db } = await openTestDatabase({ logger });
    const before = logger.count;
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    expect(logger.count).toBe(before + 1);
  });
});

function createListeners() {
  const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const onEvent = jest.fn();
  return { logger, onEvent, diagnostics: new Diagnostics(logger, onEvent) };
}

function failWith(diagnostics: Diagnostics, reason: unknown): Promise<unknown> {
  return perform(diagnostics, 'agents.get', () => Promise.reject(reason as Error));
}

describe('log lines of INTERNAL errors', () => {
  test('the log line of an INTERNAL error contains the message and the stack of each cause', async () => {
    const { logger, onEvent, diagnostics } = createListeners();
    const inner = new RangeError('inner fault');
    const reason = Object.assign(new TypeError('outer fault', { cause: inner }), { query: 'INSERT' });
    const error = await expectError('INTERNAL', () => failWith(diagnostics, reason));
    const cause = {
      name: 'TypeError',
      message: 'outer fault',
      stack: reason.stack,
      cause: { name: 'RangeError', message: 'inner fault', stack: inner.stack },
    };
    const entry = {
      err: error,
      operation: 'agents.get',
      code: 'INTERNAL',
      durationMs: expect.any(Number) as number,
      attempt: 1,
      cause,
    };
    expect(logger.error.mock.calls).toEqual([[entry, 'Failed to get agent: unexpected error']]);
    expect(JSON.stringify(onEvent.mock.calls)).not.toContain('fault');
  });

  test('the log line of an INTERNAL error without a cause contains the stack of this error', async () => {
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
  ])('the log line of an INTERNAL error describes the cause when the cause is %s', async (_, reason, cause) => {
    const { logger, diagnostics } = createListeners();
    await expectError('INTERNAL', () => failWith(diagnostics, reason));
    expect(logger.error.mock.calls).toMatchObject([[{ cause }, expect.any(String)]]);
  });

  test('only the log lines of INTERNAL errors describe the cause', async () => {
    const { logger, diagnostics } = createListeners();
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const error = await expectError('STORAGE_FULL', () => failWith(diagnostics, classifySqliteError(full)));
    const entry = {
      err: error,
      operation: 'agents.get',
      code: 'STORAGE_FULL',
      durationMs: expect.any(Number) as number,
      attempt: 1,
    };
    expect(logger.error.mock.calls).toEqual([[entry, 'Failed to get agent: the storage is full']]);
  });

  test('an INTERNAL error in a health probe is logged although health does not fail', async () => {
    const { logger, diagnostics } = createListeners();
    const fault = new TypeError('fault of the probe');
    const probe: HealthProbe = {
      engine: 'sqlite',
      ping: () => Promise.resolve(1),
      migrations: () => Promise.reject(fault),
      warnings: () => Promise.resolve([]),
      replicas: () => Promise.resolve([]),
      pool: () => undefined,
      abort: () => undefined,
    };
    const report = (error: unknown): void => diagnostics.internalError('health', error);
    await expect(probeHealth(probe, 'closed', 1000, report)).resolves.toMatchObject({
      status: 'degraded',
      code: 'INTERNAL',
    });
    const err = { message: 'fault of the probe', stack: fault.stack };
    expect(logger.error.mock.calls).toMatchObject([[{ operation: 'health', err }, expect.any(String)]]);
  });
});

import type { DatabaseEvent } from '../../src';
import { createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

function fail(): never {
  throw new Error('the listener is broken');
}

const brokenLogger = { debug: fail, info: fail, warn: fail, error: fail };

describe('a listener that throws', () => {
  test.each([
    ['onEvent', { onEvent: fail }],
    ['the logger', { logger: brokenLogger }],
    ['both', { onEvent: fail, logger: brokenLogger }],
  ])('does no harm: %s', async (_, options) => {
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

  test('only later, as an async function does, does no harm either', async () => {
    const reject: () => unknown = () => Promise.reject(new Error('the listener is broken'));
    const { db } = await openTestDatabase({
      onEvent: reject,
      logger: { debug: reject, info: reject, warn: reject, error: reject },
    });
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    // A promise that nobody handles would end the process; Jest makes it the failure of the test that runs.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('cannot change what happens by changing what it is told', async () => {
    const onEvent = (event: DatabaseEvent) => void Object.assign(event, { sql: 'DROP TABLE agents', code: 'INTERNAL' });
    const { db } = await openTestDatabase({ onEvent });
    const id = await createAgent(db);
    expect(await db.getAgent(id)).toMatchObject({ id });
    await expectError('ALREADY_EXISTS', () => createAgent(db, { id }));
  });
});

describe('what listeners are told', () => {
  test('each failure once, with its operation and code', async () => {
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
    ]);
  });

  test('each statement, with its call and how much it read or changed', async () => {
    const { db, events } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const id = await createAgent(db, { certificateId });
    events.length = 0;
    await db.getAgent(id);
    await db.deleteAgent(id);
    const told = events.filter((event) => event.type === 'query');
    expect(told[0]).toMatchObject({ operation: 'agents.get', rows: 1, changes: 0 });
    expect(told.at(-1)).toMatchObject({ operation: 'agents.delete', rows: 0, changes: 1 });
    expect(told.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });

  test('each transaction, with how it ended', async () => {
    const { db, events } = await openTestDatabase();
    await db.transaction((tx) => tx.queryAgents({}));
    await expect(db.transaction(() => Promise.reject(new RangeError('enough')))).rejects.toThrow(RangeError);
    const ends = events.flatMap((event) => (event.type === 'transaction' ? [event.outcome] : []));
    expect(ends).toEqual(['commit', 'rollback']);
  });

  test('a logger hears of failures, as pino’s would', async () => {
    const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
    const { db } = await openTestDatabase({ logger });
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    const told = expect.objectContaining({ operation: 'agents.get', code: 'INVALID_INPUT' }) as unknown;
    expect(logger.warn.mock.calls).toEqual([[told, expect.any(String)]]);
    expect(logger.error).not.toHaveBeenCalled();
  });

  test('a logger that needs its own this has it', async () => {
    class CountingLogger {
      #told = 0;
      get told() {
        return this.#told;
      }
      debug() {
        this.#told += 1;
      }
      info() {
        this.#told += 1;
      }
      warn() {
        this.#told += 1;
      }
      error() {
        this.#told += 1;
      }
    }
    const logger = new CountingLogger();
    const { db } = await openTestDatabase({ logger });
    const before = logger.told;
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    expect(logger.told).toBe(before + 1);
  });
});

import { DatabaseService, type Change, type DatabaseOptions } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

const longestTimerMs = 2 ** 31 - 1;

/** A number that an option takes, with the smallest and the greatest valid value. */
type NumericOption = readonly [name: string, min: number, max: number, toOptions: (value: number) => DatabaseOptions];

const options: readonly NumericOption[] = [
  ['pool.maxConnections', 1, 10_000, (maxConnections) => ({ pool: { maxConnections } })],
  ['pool.idleTimeoutMs', 0, longestTimerMs, (idleTimeoutMs) => ({ pool: { idleTimeoutMs } })],
  ['pool.connectTimeoutMs', 0, longestTimerMs, (connectTimeoutMs) => ({ pool: { connectTimeoutMs } })],
  ['pool.statementTimeoutMs', 0, longestTimerMs, (statementTimeoutMs) => ({ pool: { statementTimeoutMs } })],
  ['closeTimeoutMs', 0, longestTimerMs, (closeTimeoutMs) => ({ closeTimeoutMs })],
  ['transactionIdleTimeoutMs', 0, longestTimerMs, (transactionIdleTimeoutMs) => ({ transactionIdleTimeoutMs })],
  ['retry.attempts', 1, 100, (attempts) => ({ retry: { attempts } })],
  ['breaker.failures', 1, Number.MAX_SAFE_INTEGER, (failures) => ({ breaker: { failures } })],
  ['cache.maxEntries', 0, 10_000_000, (maxEntries) => ({ cache: { maxEntries } })],
  ['limits.metadataDepth', 0, 1000, (metadataDepth) => ({ limits: { metadataDepth } })],
];

/** A number that a call takes, with the smallest and the greatest valid value. */
type NumericArgument = readonly [
  name: string,
  min: number,
  max: number,
  call: (db: DatabaseService, value: number) => Promise<unknown>,
];

const someAgent = (port: number) =>
  agentInput({ certificateId: 'c', endpoints: [{ protocol: 'https', address: 'agent.example', port }] });

const firstChange = async (changes: AsyncIterable<Change>): Promise<unknown> => {
  for await (const change of changes) return change;
  throw new Error('the feed has no change');
};

const longAgo = new Date(0);

const someArguments: readonly NumericArgument[] = [
  ['the port of an endpoint', 1, 65_535, (db, port) => db.createAgent(someAgent(port))],
  ['timeoutMs of health()', 1, longestTimerMs, (db, timeoutMs) => db.health({ timeoutMs })],
  ['maxFindings of check()', 0, 10_000, (db, maxFindings) => db.check({ maxFindings })],
  ['size of agents.page()', 1, 1000, (db, size) => db.agents.page({}, { size })],
  ['size of events.page()', 1, 1000, (db, size) => db.events.page({}, { size })],
  ['limit of changes()', 1, 10_000, (db, limit) => db.changes({ limit })],
  ['pollMs of followChanges()', 0, longestTimerMs, (db, pollMs) => firstChange(db.followChanges({ pollMs }))],
  ['batchSize of pruneChanges()', 1, 10_000, (db, batchSize) => db.pruneChanges({ before: longAgo, batchSize })],
  ['batchSize of events.prune()', 1, 10_000, (db, batchSize) => db.events.prune({ before: longAgo, batchSize })],
  ['bucketMs of events.aggregate()', 1, 36_525 * 86_400_000, (db, bucketMs) => db.events.aggregate({}, { by: { bucketMs } })],
  ['withinMs of certificates.expiring()', 0, Number.MAX_SAFE_INTEGER, (db, withinMs) => db.certificates.expiring(withinMs)],
  ['limit of queryAgents()', 0, Number.MAX_SAFE_INTEGER, (db, limit) => db.queryAgents({ limit })],
  ['offset of queryAgents()', 0, Number.MAX_SAFE_INTEGER, (db, offset) => db.queryAgents({ offset })],
]; // prettier-ignore

test.each(options)(
  'new DatabaseService accepts %s from %i to %i and no number outside this range',
  async (name, min, max, toOptions) => {
    for (const value of [min, max]) expect(new DatabaseService(toOptions(value))).toBeInstanceOf(DatabaseService);
    for (const value of [min - 1, max + 1]) {
      const error = await expectError('INVALID_OPTIONS', () => new DatabaseService(toOptions(value)));
      expect(error).toMatchObject({ field: name });
      expect(error.message).toContain(`must be an integer from ${min} to ${max}`);
    }
  },
);

describe('a call of the API', () => {
  const shared = shareTestDatabase({}, async ({ db }) => {
    await createCertificate(db, { id: 'c' });
    await db.recordSecurityEvent(eventInput());
  });

  test.each(someArguments)(
    'a call accepts %s from %i to %i and no number outside this range',
    async (_, min, max, call) => {
      const { db } = shared();
      for (const value of [min, max]) expect(await call(db, value)).toBeDefined();
      for (const value of [min - 1, max + 1]) {
        const error = await expectError('INVALID_INPUT', () => call(db, value));
        expect(error.message).toContain(`must be an integer from ${min} to ${max}`);
      }
    },
  );
});

import { DatabaseService, type DatabaseEvent, type TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { testOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';

const certificate = certificateInput({ fingerprint: 'AA' });
const anyNumber = expect.any(Number) as unknown;
const ok = { type: 'call', outcome: 'ok', attempts: 1, cached: false, startedAt: anyNumber, durationMs: anyNumber };

function ofType<T extends DatabaseEvent['type']>(
  events: readonly DatabaseEvent[],
  type: T,
): Extract<DatabaseEvent, { type: T }>[] {
  return events.filter((event): event is Extract<DatabaseEvent, { type: T }> => event.type === type);
}

function sqlOf(events: readonly DatabaseEvent[]): string[] {
  return ofType(events, 'query').map(({ sql }) => /^\s*(\w+)/.exec(sql)?.[1] ?? sql);
}

describe('call events', () => {
  test('call events report each call once with its outcome, its rows and its start', async () => {
    const { db, events } = await openTestDatabase();
    const before = Date.now();
    await createAgent(db, { id: 'a' });
    await createAgent(db, { id: 'b' });
    events.length = 0;
    await db.queryAgents({});
    await db.getAgent('absent');
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    await db.health();
    const { code, ...failed } = { ...ok, operation: 'agents.get', outcome: 'error', code: 'INVALID_INPUT', rows: 0 };
    expect(ofType(events, 'call')).toEqual([
      { ...ok, operation: 'agents.query', rows: 2 },
      { ...ok, operation: 'agents.get', rows: 0 },
      { ...failed, code },
      { ...ok, operation: 'health', rows: 0 },
    ]);
    for (const { startedAt, durationMs } of ofType(events, 'call')) {
      // The monotonic clock and the system clock may differ by some milliseconds.
      expect(startedAt).toBeGreaterThan(before - 1000);
      expect(startedAt + durationMs).toBeLessThan(Date.now() + 1000);
    }
  });

  test('call events contain cached: true when the cache has returned the record', async () => {
    const { db, events } = await openTestDatabase({ cache: {} });
    await createCertificate(db, { id: 'c' });
    events.length = 0;
    for (let time = 0; time < 2; time += 1) await db.getCertificate('c');
    await db.getCertificate('c', { consistency: 'primary' });
    const shown = ofType(events, 'call').map(({ cached, rows }) => [cached, rows]);
    expect(shown).toEqual([
      [false, 1],
      [true, 0],
      [false, 1],
    ]);
  });

  test('call events report each call inside a transaction, and then the transaction with its name', async () => {
    const { db, events } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    events.length = 0;
    await db.transaction((tx) => tx.createAgent(agentInput({ certificateId })), { name: 'register' });
    await expectError('ALREADY_EXISTS', () => db.transaction((tx) => createCertificateTwice(tx)));
    await expect(db.transaction(() => Promise.reject(new RangeError('enough')))).rejects.toThrow('enough');
    const calls = ofType(events, 'call').map(({ operation, name, outcome, code }) => [operation, name, outcome, code]);
    expect(calls).toEqual([
      ['agents.create', undefined, 'ok', undefined],
      ['transaction', 'register', 'ok', undefined],
      ['certificates.create', undefined, 'ok', undefined],
      ['certificates.create', undefined, 'error', 'ALREADY_EXISTS'],
      ['transaction', undefined, 'error', 'ALREADY_EXISTS'],
      ['transaction', undefined, 'error', undefined],
    ]);
    expect(ofType(events, 'transaction')).toEqual([
      { type: 'transaction', name: 'register', outcome: 'commit', attempts: 1, durationMs: anyNumber },
      { type: 'transaction', outcome: 'rollback', attempts: 1, durationMs: anyNumber },
      { type: 'transaction', outcome: 'rollback', attempts: 1, durationMs: anyNumber },
    ]);
  });

  test.each<readonly [unknown]>([[''], ['x'.repeat(101)], [5], [null], ['a\0b']])(
    'db.transaction refuses the name %j with INVALID_INPUT, so that call events never contain it',
    async (name) => {
      const { db } = await openTestDatabase();
      // JavaScript callers can pass anything.
      const options = { name: name as string };
      const error = await expectError('INVALID_INPUT', () => db.transaction(() => 1, options));
      expect(error.field).toBe('options.name');
    },
  );

  testOn('postgresql', 'call events report a retried transaction once, with the number of attempts', async () => {
    const { db, events, options } = await openTestDatabase();
    const other = new DatabaseService({ url: options.url });
    afterTest(() => other.close());
    await other.initialize();
    await createAgent(db, { id: 'a' });
    events.length = 0;
    let runs = 0;
    await db.transaction(async (tx) => {
      runs += 1;
      await tx.getAgent('a');
      if (runs === 1) await other.updateAgent({ id: 'a', description: 'outside' });
      await tx.updateAgent({ id: 'a', description: 'inside' });
    });
    expect(ofType(events, 'transaction')).toMatchObject([{ outcome: 'commit', attempts: 2 }]);
    expect(ofType(events, 'call').at(-1)).toMatchObject({ operation: 'transaction', outcome: 'ok', attempts: 2 });
    expect(sqlOf(events).filter((sql) => sql === 'BEGIN')).toHaveLength(2);
  });
});

test('statement events include the beginning and the end of each transaction', async () => {
  const { db, events } = await openTestDatabase();
  await createCertificate(db, { id: 'c' });
  await createAgent(db, { id: 'a', certificateId: 'c' });
  events.length = 0;
  // Reads first, so that PostgreSQL needs BEGIN and COMMIT.
  await db.updateAgent({ id: 'a', description: 'changed' });
  expect([sqlOf(events)[0], sqlOf(events).at(-1)]).toEqual(['BEGIN', 'COMMIT']);
  events.length = 0;
  await expectError('ALREADY_EXISTS', () => createCertificate(db, { id: 'c' }));
  const [first] = sqlOf(events);
  expect([undefined, 'BEGIN']).toContain(first);
  expect(sqlOf(events)).not.toContain('COMMIT');
  events.length = 0;
  await db.transaction((tx) => tx.getCertificate('c'));
  expect(sqlOf(events)).toEqual(['BEGIN', 'SELECT', 'COMMIT']);
  events.length = 0;
  await expect(db.transaction(() => Promise.reject(new RangeError('enough')))).rejects.toThrow('enough');
  expect(sqlOf(events)).toEqual(['BEGIN', 'ROLLBACK']);
});

async function createCertificateTwice(tx: TransactionScope): Promise<void> {
  for (const id of ['twice', 'twice']) await tx.createCertificate({ ...certificate, id });
}

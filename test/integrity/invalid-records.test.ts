import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { rawRows } from '../support/raw-reader';
import { changeRawUnchecked } from '../support/raw-writer';
import { testOn, describeOn } from '../support/skip';
import { openFilled } from './invalid-records';

const badTime = onPostgresql ? "'infinity'" : "'2026-01-01T00:00:00Z'";

describe('invalid records', () => {
  test('a read reports an invalid record as CORRUPT with its id and field', async () => {
    const { database, db } = await openFilled();
    await changeRawUnchecked(database, `UPDATE agents SET created_at = ${badTime} WHERE id = 'bad'`);
    for (const read of [() => db.queryAgents({}), () => db.getAgent('bad'), () => db.agents.getMany(['good', 'bad'])]) {
      const error = await expectError('CORRUPT', read);
      expect(error).toMatchObject({ entity: 'agent', field: 'createdAt', retryable: false });
      expect(error.message).toMatch(
        /: the stored createdAt of agent "bad" is not a time from year 1 to year 9999 in whole milliseconds: run check\(\) to list/,
      );
    }
    expect(await db.getAgent('good')).toMatchObject({ id: 'good' });
  });

  test.each([
    ['its complete id when it has 200 characters', 200, ''],
    ['the first 200 characters of its id when the id is longer', 300, '…'],
  ])('the error about an invalid record contains %s', async (_, length, end) => {
    const database = await openFilled();
    const id = 'x'.repeat(length);
    const sql = `DELETE FROM agents; UPDATE certificates SET id = '${id}', not_after = ${badTime} WHERE id = 'bad'`;
    await changeRawUnchecked(database, sql);
    const { message } = await expectError('CORRUPT', () => database.db.getCertificate(id));
    expect(message).toContain(`certificate "${'x'.repeat(200)}${end}" is`);
  });
});

describe('invalid security events', () => {
  testOn(
    'sqlite',
    'an aggregation over the time fails with CORRUPT when the stored time of an event is a text',
    async () => {
      const database = await openFilled();
      await changeRawUnchecked(database, `UPDATE security_events SET timestamp = ${badTime} WHERE id = 'bad'`);
      const error = await expectError('CORRUPT', () => database.db.events.aggregate({}, { by: { bucketMs: 1000 } }));
      expect(error).toMatchObject({ entity: 'securityEvent', field: 'timestamp' });
      expect(await database.db.events.aggregate({}, { by: 'severity' })).toMatchObject([{ count: 2 }]);
    },
  );

  const setTwo = 'SET mitigation_applied = 2 WHERE';
  for (const [record, sql, sequence, field] of [
    ['an event', `UPDATE security_events ${setTwo} id = 'bad'`, 1, 'mitigationApplied'],
    ['a mitigation', `UPDATE security_event_entries ${setTwo} kind = 'MITIGATED'`, 3, 'entry.mitigationApplied'],
  ] as const) {
    testOn('sqlite', `get, verify and check report a boolean column with the value 2 in ${record}`, async () => {
      const { database, db } = await openFilled();
      if (sequence === 3) await db.events.markMitigated('bad', { applied: true });
      await changeRawUnchecked(database, sql);
      expect(await expectError('CORRUPT', () => db.events.get('bad'))).toMatchObject({ field: 'mitigationApplied' });
      const chainBreak = { reason: 'changed', eventId: 'bad', sequence };
      expect(await db.events.verify()).toMatchObject({ valid: false, break: chainBreak });
      expect((await db.check()).findings).toMatchObject([
        { check: 'value', entity: 'securityEvent', id: 'bad', field },
        { check: 'event-chain', entity: 'securityEvent', id: 'bad' },
      ]);
    });
  }
});

const firstMs = Date.parse('0001-01-01T00:00:00.000Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

/** Returns the SQL of a stored time. PostgreSQL has no year 0: the year before 1 is 1 BC. */
function storedTime(ms: number): string {
  if (!onPostgresql) return String(ms);
  if (ms < firstMs) return "'0001-12-31 23:59:59.999+00 BC'";
  return ms > lastMs ? "'10000-01-01 00:00:00+00'" : `'${new Date(ms).toISOString()}'`;
}

describe('stored times', () => {
  test.each([firstMs, lastMs])('reads return the first and the last valid stored time: %i ms', async (ms) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE agents SET created_at = ${storedTime(ms)} WHERE id = 'bad'`);
    await changeRawUnchecked(database, `UPDATE certificates SET revoked_at = ${storedTime(ms)} WHERE id = 'bad'`);
    expect(await database.db.getAgent('bad')).toMatchObject({ createdAt: new Date(ms) });
    expect(await database.db.getCertificate('bad')).toMatchObject({ revokedAt: new Date(ms) });
  });

  test.each([firstMs - 1, lastMs + 1])(
    'reads report a stored time just outside the valid range as CORRUPT: %i ms',
    async (ms) => {
      const database = await openFilled();
      await changeRawUnchecked(database, `UPDATE agents SET created_at = ${storedTime(ms)} WHERE id = 'bad'`);
      await changeRawUnchecked(database, `UPDATE certificates SET not_after = ${storedTime(ms)} WHERE id = 'bad'`);
      await changeRawUnchecked(database, `UPDATE security_events SET timestamp = ${storedTime(ms)} WHERE id = 'bad'`);
      const { db } = database;
      expect(await expectError('CORRUPT', () => db.getAgent('bad'))).toMatchObject({ field: 'createdAt' });
      expect(await expectError('CORRUPT', () => db.getCertificate('bad'))).toMatchObject({ field: 'notAfter' });
      expect(await expectError('CORRUPT', () => db.events.get('bad'))).toMatchObject({ field: 'timestamp' });
      const { findings } = await db.check();
      expect(findings.filter(({ check }) => check === 'value').map(({ field }) => field)).toEqual(
        expect.arrayContaining(['createdAt', 'notAfter', 'timestamp']),
      );
    },
  );
});

describe('stored ports', () => {
  test.each([1, 65_535])('reads return the stored port %i', async (port) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE endpoints SET port = ${port} WHERE agent_id = 'bad'`);
    expect(await database.db.getAgent('bad')).toMatchObject({ endpoints: [{ port }] });
    expect(await database.db.check()).toMatchObject({ ok: true });
  });

  test.each([0, 65_536])('reads report the invalid stored port %i with its endpoint and agent', async (port) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE endpoints SET port = ${port} WHERE agent_id = 'bad'`);
    const before = await rawRows(database, 'endpoints');
    const error = await expectError('CORRUPT', () => database.db.queryAgents({}));
    expect(error).toMatchObject({ entity: 'endpoint', field: 'port' });
    expect(error.message).toContain('port of endpoint "main" of agent "bad" is not an integer from 1 to 65535');
    expect(await rawRows(database, 'endpoints')).toEqual(before);
    expect((await database.db.check()).findings).toMatchObject([{ entity: 'endpoint', field: 'port' }]);
  });
});

// PostgreSQL enforces the types of these columns.
describeOn('sqlite', 'stored change-feed entries', () => {
  test.each([
    ['entity', "'AGEN'"],
    ['kind', "'LOST'"],
    ['entity_id', "x'6162'"],
  ])('db.changes reports a stored change-feed entry as CORRUPT when its %s is %s', async (column, value) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE changes SET ${column} = ${value} WHERE sequence = 1`);
    await expectError('CORRUPT', () => database.db.changes());
    expect(await database.db.check()).toMatchObject({ ok: false });
  });
});

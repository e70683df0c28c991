import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { rawRows } from '../support/raw-reader';
import { changeRawUnchecked } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { openFilled } from './invalid-records';

const badTime = onPostgresql ? "'infinity'" : "'2026-01-01T00:00:00Z'";

describe('An invalid record', () => {
  test('is reported as CORRUPT with its id and field and leaves other records readable', async () => {
    const database = await openFilled();
    const { db } = database;
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

  test('is reported with the endpoint and its agent when it is an endpoint, and is not modified', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, "UPDATE endpoints SET port = 0 WHERE agent_id = 'bad'");
    const before = await rawRows(database, 'endpoints');
    const error = await expectError('CORRUPT', () => database.db.queryAgents({}));
    expect(error).toMatchObject({ entity: 'endpoint', field: 'port' });
    expect(error.message).toContain(
      'the stored port of endpoint "main" of agent "bad" is not an integer from 1 to 65535',
    );
    expect(await rawRows(database, 'endpoints')).toEqual(before);
  });

  test('is reported with the first characters of its id when the id is long', async () => {
    const database = await openFilled();
    const id = 'x'.repeat(300);
    await changeRawUnchecked(
      database,
      `DELETE FROM agents; UPDATE certificates SET id = '${id}', not_after = ${badTime} WHERE id = 'bad'`,
    );
    const { message } = await expectError('CORRUPT', () => database.db.getCertificate(id));
    expect(message).toContain(`certificate "${'x'.repeat(200)}…" is`);
  });
});

describe('An invalid security event', () => {
  testOn('sqlite', 'is reported as CORRUPT when events are counted by a time that is text', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE security_events SET timestamp = ${badTime} WHERE id = 'bad'`);
    const error = await expectError('CORRUPT', () => database.db.events.aggregate({}, { by: { bucketMs: 1000 } }));
    expect(error).toMatchObject({ entity: 'securityEvent', field: 'timestamp' });
    expect(await database.db.events.aggregate({}, { by: 'severity' })).toMatchObject([{ count: 2 }]);
  });

  const setTwo = 'SET mitigation_applied = 2 WHERE';
  for (const [record, sql, sequence, field] of [
    ['the event', `UPDATE security_events ${setTwo} id = 'bad'`, 1, 'mitigationApplied'],
    ['its mitigation', `UPDATE security_event_entries ${setTwo} kind = 'MITIGATED'`, 3, 'entry.mitigationApplied'],
  ] as const) {
    testOn('sqlite', `is found by reads, verify and check when a boolean column of ${record} is 2`, async () => {
      const database = await openFilled();
      const { db } = database;
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

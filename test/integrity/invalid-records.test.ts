import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { rawRows } from '../support/raw-reader';
import { changeRawUnchecked } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { openFilled } from './invalid-records';

const badTime = onPostgresql ? "'infinity'" : "'2026-01-01T00:00:00Z'";

describe('an invalid record', () => {
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

describe('a security event whose time is text', () => {
  testOn('sqlite', 'is reported as CORRUPT when events are counted by time', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE security_events SET timestamp = ${badTime} WHERE id = 'bad'`);
    const error = await expectError('CORRUPT', () => database.db.events.aggregate({}, { by: { bucketMs: 1000 } }));
    expect(error).toMatchObject({ entity: 'securityEvent', field: 'timestamp' });
    expect(await database.db.events.aggregate({}, { by: 'severity' })).toMatchObject([{ count: 2 }]);
  });
});

describe('a security event whose boolean column holds 2', () => {
  testOn('sqlite', 'is found by reads, verify and check', async () => {
    const database = await openFilled();
    const { db } = database;
    await changeRawUnchecked(database, "UPDATE security_events SET mitigation_applied = 2 WHERE id = 'bad'");
    expect(await expectError('CORRUPT', () => db.querySecurityEvents())).toMatchObject({ field: 'mitigationApplied' });
    expect(await db.events.verify()).toMatchObject({
      valid: false,
      break: { reason: 'changed', eventId: 'bad', sequence: 1 },
    });
    expect((await db.check()).findings).toMatchObject([
      { check: 'value', entity: 'securityEvent', id: 'bad', field: 'mitigationApplied' },
      { check: 'event-chain', entity: 'securityEvent', id: 'bad' },
    ]);
  });

  testOn('sqlite', 'is found by reads, verify and check when the column belongs to a mitigation', async () => {
    const database = await openFilled();
    const { db } = database;
    await db.events.markMitigated('bad', { applied: true });
    await changeRawUnchecked(
      database,
      "UPDATE security_event_entries SET mitigation_applied = 2 WHERE kind = 'MITIGATED'",
    );
    expect(await expectError('CORRUPT', () => db.events.get('bad'))).toMatchObject({ field: 'mitigationApplied' });
    expect(await db.events.verify()).toMatchObject({ break: { reason: 'changed', eventId: 'bad', sequence: 3 } });
    expect((await db.check()).findings).toMatchObject([
      { check: 'value', entity: 'securityEvent', id: 'bad', field: 'entry.mitigationApplied' },
      { check: 'event-chain' },
    ]);
  });
});

import { onPostgresql } from '../support/engine';
import { rawRows } from '../support/raw-reader';
import { changeRawUnchecked } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { failureOf, openFilled } from './invalid-records';

const badTime = onPostgresql ? "'infinity'" : "'2026-01-01T00:00:00Z'";

describe('an invalid record', () => {
  test('is reported as CORRUPT with its id and field and leaves other records readable', async () => {
    const database = await openFilled();
    const { db } = database;
    await changeRawUnchecked(database, `UPDATE agents SET created_at = ${badTime} WHERE id = 'bad'`);
    for (const read of [() => db.queryAgents({}), () => db.getAgent('bad'), () => db.agents.getMany(['good', 'bad'])]) {
      const error = await failureOf(read());
      expect(error).toMatchObject({ code: 'CORRUPT', entity: 'agent', field: 'createdAt', retryable: false });
      expect(error.message).toMatch(
        /: the stored createdAt of agent "bad" is not a time of the years 1 to 9999 in whole milliseconds; check\(\) lists/,
      );
    }
    expect(await db.getAgent('good')).toMatchObject({ id: 'good' });
  });

  test('is reported with the endpoint and its agent when it is an endpoint', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, "UPDATE endpoints SET port = 0 WHERE agent_id = 'bad'");
    const error = await failureOf(database.db.queryAgents({}));
    expect(error).toMatchObject({ code: 'CORRUPT', entity: 'endpoint', field: 'port' });
    expect(error.message).toContain(
      'the stored port of endpoint "main" of agent "bad" is not an integer from 1 to 65535',
    );
  });

  test('is reported with the first characters of its id when the id is long', async () => {
    const database = await openFilled();
    const id = 'x'.repeat(300);
    await changeRawUnchecked(
      database,
      `DELETE FROM agents; UPDATE certificates SET id = '${id}', not_after = ${badTime} WHERE id = 'bad'`,
    );
    const { message } = await failureOf(database.db.getCertificate(id));
    expect(message).toContain(`certificate "${'x'.repeat(200)}…" is`);
  });

  test('is listed by check together with all other invalid records', async () => {
    const database = await openFilled();
    await changeRawUnchecked(
      database,
      `UPDATE agents SET created_at = ${badTime}; UPDATE endpoints SET port = 0;
        UPDATE certificates SET not_after = ${badTime}`,
    );
    const { findings, total } = await database.db.check();
    const expected = ['bad', 'good'].flatMap((id) => [
      { check: 'value', entity: 'agent', id, field: 'createdAt' },
      { check: 'value', entity: 'endpoint', id: 'main', agentId: id, field: 'port' },
      { check: 'value', entity: 'certificate', id, field: 'notAfter' },
    ]);
    expect(findings).toEqual(
      expect.arrayContaining(expected.map((finding) => expect.objectContaining(finding) as unknown)),
    );
    expect(total).toBe(expected.length);
  });

  test('is not modified by a read', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, 'UPDATE endpoints SET port = 0');
    const before = await rawRows(database, 'endpoints');
    await failureOf(database.db.queryAgents({}));
    expect(await rawRows(database, 'endpoints')).toEqual(before);
  });
});

describe('a security event whose time is text', () => {
  testOn('sqlite', 'is not counted in a time range', async () => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE security_events SET timestamp = ${badTime} WHERE id = 'bad'`);
    const error = await failureOf(database.db.events.aggregate({}, { by: { bucketMs: 1000 } }));
    expect(error).toMatchObject({ code: 'CORRUPT', entity: 'securityEvent', field: 'timestamp' });
    expect(await database.db.events.aggregate({}, { by: 'severity' })).toMatchObject([{ count: 2 }]);
  });
});

describe('a security event whose boolean column holds 2', () => {
  testOn('sqlite', 'is found by reads, verify and check', async () => {
    const database = await openFilled();
    const { db } = database;
    await changeRawUnchecked(database, "UPDATE security_events SET mitigation_applied = 2 WHERE id = 'bad'");
    expect(await failureOf(db.querySecurityEvents())).toMatchObject({ code: 'CORRUPT', field: 'mitigationApplied' });
    expect(await db.events.verify()).toMatchObject({
      valid: false,
      break: { reason: 'changed', eventId: 'bad', sequence: 1 },
    });
    expect((await db.check()).findings).toEqual([
      {
        check: 'value',
        entity: 'securityEvent',
        id: 'bad',
        field: 'mitigationApplied',
        message: expect.any(String) as string,
      },
      { check: 'event-chain', entity: 'securityEvent', id: 'bad', message: expect.any(String) as string },
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
    expect(await failureOf(db.events.get('bad'))).toMatchObject({ code: 'CORRUPT', field: 'mitigationApplied' });
    expect(await db.events.verify()).toMatchObject({ break: { reason: 'changed', eventId: 'bad', sequence: 3 } });
    expect((await db.check()).findings).toMatchObject([
      { check: 'value', entity: 'securityEvent', id: 'bad', field: 'entry.mitigationApplied' },
      { check: 'event-chain' },
    ]);
  });
});

import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { changeRawUnchecked } from '../support/raw-writer';
import { describeOn } from '../support/skip';
import { openFilled } from './invalid-records';

const firstMs = Date.parse('0001-01-01T00:00:00.000Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

/** Returns the SQL of a stored time. PostgreSQL has no year 0: the year before 1 is 1 BC. */
function storedTime(ms: number): string {
  if (!onPostgresql) return String(ms);
  if (ms < firstMs) return "'0001-12-31 23:59:59.999+00 BC'";
  return ms > lastMs ? "'10000-01-01 00:00:00+00'" : `'${new Date(ms).toISOString()}'`;
}

describe('a stored time', () => {
  test.each([firstMs, lastMs])('is read when it is the first or the last valid one: %i ms', async (ms) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE agents SET created_at = ${storedTime(ms)} WHERE id = 'bad'`);
    await changeRawUnchecked(database, `UPDATE certificates SET revoked_at = ${storedTime(ms)} WHERE id = 'bad'`);
    expect(await database.db.getAgent('bad')).toMatchObject({ createdAt: new Date(ms) });
    expect(await database.db.getCertificate('bad')).toMatchObject({ revokedAt: new Date(ms) });
  });

  test.each([firstMs - 1, lastMs + 1])('is reported as CORRUPT just outside the valid range: %i ms', async (ms) => {
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
  });
});

describe('a stored port', () => {
  test.each([1, 65_535])('is read when it is %i', async (port) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE endpoints SET port = ${port} WHERE agent_id = 'bad'`);
    expect(await database.db.getAgent('bad')).toMatchObject({ endpoints: [{ port }] });
    expect(await database.db.check()).toMatchObject({ ok: true });
  });

  test.each([0, 65_536])('is reported as CORRUPT when it is %i', async (port) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE endpoints SET port = ${port} WHERE agent_id = 'bad'`);
    const error = await expectError('CORRUPT', () => database.db.getAgent('bad'));
    expect(error).toMatchObject({ entity: 'endpoint', field: 'port' });
    expect((await database.db.check()).findings).toMatchObject([{ entity: 'endpoint', field: 'port' }]);
  });
});

describe('the id of an invalid record', () => {
  test('is complete in the message when it has 200 characters', async () => {
    const database = await openFilled();
    const id = 'x'.repeat(200);
    await changeRawUnchecked(
      database,
      `DELETE FROM agents; UPDATE certificates SET id = '${id}', not_after = ${storedTime(lastMs + 1)} WHERE id = 'bad'`,
    );
    const { message } = await expectError('CORRUPT', () => database.db.getCertificate(id));
    expect(message).toContain(`certificate "${id}" is`);
  });
});

// PostgreSQL enforces the types of these columns.
describeOn('sqlite', 'a stored change of the feed', () => {
  test.each([
    ['entity', "'AGEN'"],
    ['kind', "'LOST'"],
    ['entity_id', "x'6162'"],
  ])('is reported as CORRUPT when its %s is %s', async (column, value) => {
    const database = await openFilled();
    await changeRawUnchecked(database, `UPDATE changes SET ${column} = ${value} WHERE sequence = 1`);
    await expectError('CORRUPT', () => database.db.changes());
    expect(await database.db.check()).toMatchObject({ ok: false });
  });
});

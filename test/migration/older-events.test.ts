import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { afterTest, shareTestDatabase, temporaryDirectory } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');
const total = 1203;

/** SQL that creates the entries of existing events as the migration from the initial schema does. */
const createEntriesSql = `
  INSERT INTO security_event_entries (sequence, event_id, kind, entered_at, digest, hash)
  SELECT row_number() OVER (ORDER BY timestamp, id), id, 'RECORDED', timestamp, '', '' FROM security_events`;

/** A closed database whose events have entries without hashes, as the migration leaves them. */
const migrated = shareTestDatabase({ now: () => t0 }, async (database) => {
  const event = (index: number) => {
    const mitigationApplied = index === 5;
    return eventInput({ id: `e${index}`, timestamp: new Date(t0 - index), metadata: { index }, mitigationApplied });
  };
  await database.db.events.recordMany(Array.from({ length: total }, (_, index) => event(index)));
  await database.db.close();
  const clear = 'DELETE FROM security_event_entries; DELETE FROM security_event_checkpoints';
  await changeRaw(database, `${clear}; ${createEntriesSql}`);
});

/** Returns a service that is not open yet, on a copy of the migrated database. */
function createMigrated() {
  const path = join(temporaryDirectory(), 'test.sqlite');
  copyFileSync(migrated().options.url.slice('file:'.length), path);
  const options = { url: `file:${path}`, now: () => t0 };
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  return { db, options };
}

describe('events of a database with the initial schema', () => {
  test('initialize adds the events of an older database to the event chain, oldest event first', async () => {
    const database = createMigrated();
    const { db } = database;
    await db.initialize();
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: total });
    const ids = await rawValues(database, 'security_event_entries', 'event_id');
    expect(ids).toEqual(Array.from({ length: total }, (_, index) => `e${total - 1 - index}`));
    await db.events.markMitigated('e7', { applied: true });
    await db.events.record(eventInput());
    await db.events.prune({ before: new Date(t0 - 600) });
    expect(await db.events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: total - 601 } });
  });

  test('verify finds an event that was changed after the migration added it to the event chain', async () => {
    const database = createMigrated();
    await database.db.initialize();
    const entries = await rawRows(database, 'security_event_entries');
    await database.db.close();
    await changeRaw(database, "UPDATE security_events SET source = 'x' WHERE id = 'e9'");
    await database.db.initialize();
    expect(await rawRows(database, 'security_event_entries')).toEqual(entries);
    expect(await database.db.events.verify()).toMatchObject({
      valid: false,
      break: { eventId: 'e9', reason: 'changed' },
    });
  });

  test.each([[1], [500], [700], [1000]])(
    'initialize adds the remaining hashes when an earlier initialize ended after %i entries',
    async (count) => {
      const database = createMigrated();
      await database.db.initialize();
      const entries = await rawRows(database, 'security_event_entries');
      await database.db.close();
      await changeRaw(
        database,
        `DELETE FROM security_event_checkpoints;
        UPDATE security_event_entries SET digest = '', hash = '' WHERE sequence > ${count}`,
      );
      await database.db.initialize();
      expect(await rawRows(database, 'security_event_entries')).toEqual(entries);
    },
  );

  test('several services that open an older database at the same time add each event hash once', async () => {
    const database = createMigrated();
    const services = [1, 2, 3].map(() => new DatabaseService({ ...database.options, busyTimeoutMs: 20_000 }));
    for (const service of services) afterTest(() => service.close());
    await Promise.all(services.map((service) => service.initialize()));
    await Promise.all(services.map((service) => service.events.record(eventInput())));
    expect(await services[0]?.events.verify()).toMatchObject({ valid: true, entries: total + 3 });
  });

  test('changes of the event chain fail with SCHEMA_OUTDATED until the older events have their hashes', async () => {
    const database = createMigrated();
    const service = new DatabaseService({ ...database.options, migrations: 'skip' });
    afterTest(() => service.close());
    await service.initialize();
    for (const write of [
      () => service.events.record(eventInput()),
      () => service.events.markMitigated('e1', { applied: true }),
      () => service.events.prune({ before: new Date(t0) }),
    ]) {
      await expectError('SCHEMA_OUTDATED', write);
    }
    expect(await service.events.verify()).toMatchObject({ valid: false, break: { sequence: 1, reason: 'inserted' } });
    await database.db.initialize();
    await service.events.record(eventInput());
    expect(await service.events.verify()).toMatchObject({ valid: true, entries: total + 1 });
  });

  test('the hashes of older events show that an event was deleted before the database was opened', async () => {
    const database = createMigrated();
    await changeRaw(database, "DELETE FROM security_events WHERE id = 'e3'");
    await database.db.initialize();
    expect(await database.db.events.verify()).toMatchObject({ break: { eventId: 'e3', reason: 'removed' } });
  });
});

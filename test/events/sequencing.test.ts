import { collectLog } from '../support/collect-log';
import { eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { describeOn } from '../support/skip';
import { openTestDatabase } from '../support/test-database';
import { pendingCount } from './pending';

const failWhenSequenced = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'insufficient_privilege'; END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON security_event_entries EXECUTE FUNCTION refuse()`;

describeOn('postgresql', 'the sequencing of recorded events', () => {
  test('the sequencing keeps the entries of each event in order while two services record and mitigate events', async () => {
    const database = await openTestDatabase();
    const { db: other } = await openTestDatabase(database.options);
    const steps = Array.from({ length: 6 }, (_, step) => step);
    const ids = Array.from({ length: 6 }, (_, index) => `e${index}`);
    await Promise.all(
      ids.map(async (id) => {
        await database.db.events.record(eventInput({ id }));
        for (const step of steps) {
          const db = step % 2 === 0 ? other : database.db;
          expect(await db.events.markMitigated(id, { applied: step % 3 === 0, details: `${step}` })).toBe(true);
          const seen = await (step % 4 === 0 ? database.db : other).events.get(id);
          expect(seen).toMatchObject({ mitigationApplied: step % 3 === 0, mitigationDetails: `${step}` });
          if (step === 3) await db.events.verify();
        }
      }),
    );
    expect(await other.events.query({ mitigationApplied: true })).toEqual([]);
    const entries = await rawRows(database, 'security_event_entries');
    for (const id of ids) {
      const own = entries.filter(({ event_id: eventId }) => eventId === id);
      expect(own.map(({ mitigation_details: details }) => details)).toEqual([null, ...steps.map(String)]);
    }
    expect(await other.events.verify()).toMatchObject({ valid: true, entries: 6 * 7, pending: 0 });
  });

  test('a failed sequencing logs one warning and fails no call, and the next service repeats the sequencing', async () => {
    const { logger, warnings } = collectLog();
    const { database, db } = await openTestDatabase({ logger });
    await db.events.record(eventInput({ id: 'first' }));
    await changeRaw(database, failWhenSequenced);
    await db.events.record(eventInput({ id: 'a', timestamp: new Date(0) }));
    await db.transaction(async (tx) => {
      await tx.events.record(eventInput({ id: 'b' }));
      expect(await tx.events.markMitigated('b', { applied: true })).toBe(true);
    });
    expect(await db.events.get('b')).toMatchObject({ mitigationApplied: true });
    expect(await db.events.query({ mitigationApplied: true })).toMatchObject([{ id: 'b' }]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(warnings).toEqual([expect.stringContaining('not in the event chain yet')]);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1, pending: 3 });
    await expect(db.events.prune({ before: new Date(1) })).rejects.toMatchObject({ code: 'CONSTRAINT_VIOLATION' });
    await db.close();
    expect(await pendingCount(database)).toBe(3);
    await changeRaw(database, 'DROP TRIGGER refuse ON security_event_entries');
    const readOnly = new URL(database.options.url);
    readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
    const { db: reader } = await openTestDatabase({ url: readOnly.href, migrations: 'skip' });
    expect(await reader.events.verify()).toMatchObject({ valid: true, entries: 1, pending: 3 });
    expect(await reader.check()).toMatchObject({ findings: [], pendingEntries: 3 });
    const { db: next } = await openTestDatabase(database.options);
    expect(await next.check()).toMatchObject({ findings: [], pendingEntries: 0 });
    expect(await next.events.verify()).toMatchObject({ valid: true, entries: 4 });
  });

  test('the sequencing omits a mitigation of an event that was pruned in the meantime', async () => {
    const { database, db } = await openTestDatabase();
    await db.events.record(eventInput({ id: 'a', timestamp: new Date(0) }));
    const isMitigated = db.transaction(async (tx) => {
      await tx.events.count();
      await db.events.verify();
      const { db: other } = await openTestDatabase(database.options);
      expect(await other.events.prune({ before: new Date(1) })).toBe(1);
      return tx.events.markMitigated('a', { applied: true });
    });
    expect(await isMitigated).toBe(true);
    expect(await db.events.get('a')).toBeNull();
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1, pending: 0 });
  });
});

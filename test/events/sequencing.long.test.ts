import { join } from 'node:path';
import { nextLine, startProcess } from '../support/child-process';
import { eventInput } from '../support/factories';
import { rawRows, untilSequenced } from '../support/raw-reader';
import { describeOn } from '../support/skip';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { pendingCount } from './pending';

describeOn('postgresql', 'the sequencing of recorded events', () => {
  test('a service sequences the recorded events of a process that was killed before sequencing', async () => {
    const url = await newDatabaseUrl();
    const { db } = await openTestDatabase({ url });
    await db.close();
    const process = startProcess(join(__dirname, 'recording-process.ts'), url);
    await nextLine(process);
    await process.kill();
    const pending = await pendingCount({ options: { url } });
    const next = await openTestDatabase({ url });
    await untilSequenced(next);
    expect(await pendingCount(next)).toBe(0);
    const kinds = (await rawRows(next, 'security_event_entries')).map(({ kind }) => kind);
    expect(kinds).toEqual([...Array.from({ length: 10 }, () => 'RECORDED'), 'MITIGATED']);
    expect(await next.db.events.verify()).toMatchObject({ valid: true, entries: 11, pending: 0 });
    // The process was killed before it had sequenced all events.
    expect(pending).toBeGreaterThan(0);
  });

  test('less than half of the events wait for sequencing while 32 callers record events', async () => {
    const database = await openTestDatabase({ pool: { maxConnections: 10 } });
    const total = 3200;
    let [started, most] = [0, 0];
    const record = async (): Promise<void> => {
      while (started < total) {
        started += 1;
        if (started % 100 === 0) most = Math.max(most, await pendingCount(database));
        await database.db.events.record(eventInput());
      }
    };
    await Promise.all(Array.from({ length: 32 }, record));
    // If the sequencer were slower than the callers, most of the events would be pending.
    expect(most).toBeLessThan(total / 2);
    await database.db.close();
    expect(await pendingCount(database)).toBe(0);
  });
});

import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { collectLog } from '../support/collect-log';
import { soundReport } from '../support/sound-database';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';

const warning = expect.stringContaining('several names (hard links)') as string;

describe('a hard link to the database file', () => {
  test('is logged and reported by check() as a warning, and check() stays ok', async () => {
    const path = join(temporaryDirectory(), 'test.sqlite');
    const { logger, warnings } = collectLog();
    const { db } = await openTestDatabase({ url: `file:${path}`, logger });
    expect(await db.check()).toEqual(soundReport);
    expect(warnings).toEqual([]);
    linkSync(path, `${path}-link`);
    expect(await db.check()).toEqual({ ...soundReport, warnings: [warning] });
    await db.close();
    warnings.length = 0;
    await db.initialize();
    expect(warnings).toEqual([warning]);
  });

  test('is no longer reported after it is removed', async () => {
    const path = join(temporaryDirectory(), 'test.sqlite');
    const { db } = await openTestDatabase({ url: `file:${path}` });
    linkSync(path, `${path}-link`);
    rmSync(`${path}-link`);
    expect(await db.check()).toEqual(soundReport);
  });
});

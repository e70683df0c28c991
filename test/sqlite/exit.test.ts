import { databaseKinds, openTestDatabase } from '../support/test-database';

describe.each(databaseKinds)('a database in %s', (_, options) => {
  test('open databases share one exit listener, and the last database that is closed removes it', async () => {
    const before = process.listenerCount('exit');
    const [{ db: first }, { db: second }] = [await openTestDatabase(options), await openTestDatabase(options)];
    expect(process.listenerCount('exit')).toBe(before + 1);
    await first.close();
    expect(process.listenerCount('exit')).toBe(before + 1);
    await second.close();
    expect(process.listenerCount('exit')).toBe(before);
  });
});

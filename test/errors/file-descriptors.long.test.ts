import { onPostgresql } from '../support/engine';
import { describeUnless } from '../support/skip';
import { runStarved, whyNotStarved } from './starved';

/**
 * Numbers of free descriptors, up to a number with which nothing fails. With each number, opening fails at another
 * file.
 */
const left = [1, 2, 3, 5, 8, 12, 15, 16, 17, 18, 19, 20, 22, 24, 28];

describeUnless(whyNotStarved, 'few free file descriptors', () => {
  test.each(left)('initialize succeeds after an earlier call with only %d free file descriptors', async (count) => {
    const { starved, fed } = await runStarved('initialize', count, true);
    expect(starved.filter(({ code }) => !/^(?:none|UNAVAILABLE)$/.test(code))).toEqual([]);
    expect(fed.filter(({ code }) => code !== 'none')).toEqual([]);
  });

  test.each(left)('calls succeed again after earlier calls with only %d free file descriptors', async (count) => {
    const { starved, fed } = await runStarved('calls', count);
    expect(starved.filter(({ code }) => !/^(?:none|UNAVAILABLE)$/.test(code))).toEqual([]);
    expect(fed.filter(({ code }) => code !== 'none')).toEqual([]);
  });
});

describeUnless(whyNotStarved, 'no free file descriptor', () => {
  test.each(['initialize', 'calls', 'close'] as const)(
    'without a free file descriptor, %s fails only with UNAVAILABLE, and later calls succeed',
    async (phase) => {
      const { starved, fed, stderr } = await runStarved(phase, 0);
      expect(stderr).toBe('');
      const expected = { initialize: /^UNAVAILABLE$/, calls: /^(?:none|UNAVAILABLE)$/, close: /^none$/ }[phase];
      expect(starved.filter(({ code }) => !expected.test(code))).toEqual([]);
      const failed = starved.filter(({ code }) => code !== 'none').map(({ name }) => name);
      // On PostgreSQL, every call finds an open connection.
      const needing = onPostgresql ? [] : ['check', 'backup'];
      if (phase === 'calls') expect(failed).toEqual(expect.arrayContaining(needing));
      expect(fed.length).toBeGreaterThan(7);
      expect(fed.filter(({ code }) => code !== 'none')).toEqual([]);
    },
  );
});

import { onPostgresql } from '../support/engine';
import { describeUnless } from '../support/skip';
import { runStarved, whyNotStarved } from './starved';

describeUnless(whyNotStarved, 'a process without a free file descriptor', () => {
  test.each(['initialize', 'calls', 'close'] as const)(
    'gets only UNAVAILABLE errors during %s, and recovers when descriptors are free again',
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

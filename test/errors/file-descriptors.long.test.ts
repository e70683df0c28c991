import { describeUnless } from '../support/skip';
import { runStarved, whyNotStarved } from './starved';

/**
 * Numbers of free descriptors, up to a number with which nothing fails. With each number, opening fails at another
 * file.
 */
const left = [1, 2, 3, 5, 8, 12, 15, 16, 17, 18, 19, 20, 22, 24, 28];

describeUnless(whyNotStarved, 'a process with few free file descriptors', () => {
  test.each(left)('recovers from an initialize that failed with %d free descriptors', async (count) => {
    const { starved, fed } = await runStarved('initialize', count, true);
    expect(starved.filter(({ code }) => !/^(?:none|UNAVAILABLE)$/.test(code))).toEqual([]);
    expect(fed.filter(({ code }) => code !== 'none')).toEqual([]);
  });

  test.each(left)('recovers from calls that failed with %d free descriptors', async (count) => {
    const { starved, fed } = await runStarved('calls', count);
    expect(starved.filter(({ code }) => !/^(?:none|UNAVAILABLE)$/.test(code))).toEqual([]);
    expect(fed.filter(({ code }) => code !== 'none')).toEqual([]);
  });
});

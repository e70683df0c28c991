import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '../../src';

/** Returns the items of all pages. Expects pages of `size` items, except the last; waits `pauseMs` after each page. */
export async function allPages<T>(
  read: (page: { after: string | undefined; size: number }) => Promise<Page<T>>,
  size: number,
  pauseMs = 0,
): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const page = await read({ after, size });
    items.push(...page.items);
    expect(page.items.length).toBeLessThanOrEqual(size);
    if (page.nextCursor === undefined) return items;
    expect(page.items).toHaveLength(size);
    after = page.nextCursor;
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, PageOptions } from '../../src';

/**
 * Returns the items of all pages. Expects pages of `size` items, by default 100, except the last. Waits `pauseMs` after
 * each page.
 */
export async function allPages<T>(
  read: (page: PageOptions) => Promise<Page<T>>,
  size?: number,
  pauseMs = 0,
): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const page = await read({ after, size });
    items.push(...page.items);
    expect(page.items.length).toBeLessThanOrEqual(size ?? 100);
    if (page.nextCursor === undefined) return items;
    expect(page.items).toHaveLength(size ?? 100);
    after = page.nextCursor;
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

/** Returns all values of an iterator. */
export async function allOf<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

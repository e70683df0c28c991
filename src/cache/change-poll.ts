import { LRUCache } from 'lru-cache';
import { readBounds, readPage } from '../changes/read-feed';
import type { Executor } from '../storage/executor';
import type { ChangeEntry } from '../storage/transaction';
import type { ChangeSource, RecordCache } from './record-cache';
import { runOutsideTransactions } from '../runtime/transaction-context';

/** Time in milliseconds from the end of one poll of the change feed to the beginning of the next one. */
const intervalMs = 200;
/** Time without a read of the cache after which the cache is invalidated and polling stops, in milliseconds. */
const longestIdleMs = 30_000;
/** Maximum number of changes whose records are evicted one by one. For more, it is faster to invalidate everything. */
const pageSize = 1000;

// Keeps the functions that exist when the module loads, because fake timers in a test of the application would stop the
// database.
const { setTimeout, clearTimeout } = globalThis;

/** Polls the change feed for commits of other processes and services while the cache is in use. */
export class ChangePoll implements ChangeSource {
  readonly #executor: Executor;
  /** Sequence number of the last change that was processed; undefined until the feed has been read. */
  #last: number | undefined;
  /**
   * Changes that this service has announced, with the number of times that the feed will still report them. The cache
   * has already evicted their records. So when the feed reports such a change, the cache keeps the record, which was
   * read after the change.
   */
  readonly #own = new LRUCache<string, number>({ max: 10 * pageSize });
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #idleMs = 0;
  #isClosed = false;

  /** @param executor - an executor on the primary. */
  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Reads the last sequence number of the feed, where the first poll continues. Never fails. */
  open(cache: RecordCache): Promise<void> {
    return this.#poll(cache);
  }

  check(cache: RecordCache): void {
    this.#idleMs = 0;
    if (this.#timer === undefined && this.#polling === undefined) this.#wait(cache);
  }

  announce(changes: readonly ChangeEntry[]): void {
    for (const key of changes.flatMap(keysOf)) this.#own.set(key, (this.#own.get(key) ?? 0) + 1);
  }

  withdraw(changes: readonly ChangeEntry[]): void {
    for (const key of changes.flatMap(keysOf)) this.#takeOwn(key);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  #wait(cache: RecordCache): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // The call that started the timer may be inside the callback of a transaction. The poll does not belong to this
      // transaction.
      this.#polling = runOutsideTransactions(() => this.#run(cache));
    }, intervalMs);
    // A database that was not closed must not keep the process alive.
    this.#timer.unref();
  }

  async #run(cache: RecordCache): Promise<void> {
    await this.#poll(cache);
    this.#polling = undefined;
    this.#idleMs += intervalMs;
    if (this.#idleMs <= longestIdleMs) this.#wait(cache);
    else cache.invalidateAll();
  }

  async #poll(cache: RecordCache): Promise<void> {
    try {
      await this.#catchUp(cache);
    } catch {
      // Until the feed can be read again, cached records may be as old as the options of the cache allow.
    }
  }

  async #catchUp(cache: RecordCache): Promise<void> {
    if (this.#last !== undefined) {
      const after = this.#last;
      const page = await readPage(this.#executor, { after, limit: pageSize });
      // When changes were pruned before they were read, or the feed is that of another database, the changed records
      // are unknown.
      if (!page.isFull && after >= page.pruned && after <= page.last) {
        const changes = page.changes.map(({ entity, kind, id, changedAt }): ChangeEntry => {
          return {
            entity: entity === 'agent' ? 'AGENT' : 'CERTIFICATE',
            kind,
            ids: [id],
            changedAt: changedAt.getTime(),
          };
        });
        cache.evict(changes.filter((change) => !keysOf(change).some((key) => this.#takeOwn(key))));
        this.#last = Math.max(after, page.end);
        return;
      }
    }
    const { end } = await readBounds(this.#executor);
    // Invalidates every record that was read before this query; later changes are read from the feed.
    cache.invalidateAll();
    this.#own.clear();
    this.#last = end;
  }

  // Reports whether this service has announced the change. If so, removes one announcement.
  #takeOwn(key: string): boolean {
    const count = this.#own.get(key);
    if (count === undefined) return false;
    if (count > 1) this.#own.set(key, count - 1);
    else this.#own.delete(key);
    return true;
  }
}

// Returns the keys of a change, without its sequence number. When another process changes the same record in the same
// millisecond, the feed reports the key one more time than this process has announced it, so the change is still
// noticed.
function keysOf({ entity, kind, ids, changedAt }: ChangeEntry): string[] {
  return ids.map((id) => `${entity} ${kind} ${changedAt} ${id}`);
}

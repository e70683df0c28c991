import { LRUCache } from 'lru-cache';
import { readBounds, readPage } from '../changes/read-feed';
import type { Executor } from '../storage/executor';
import type { ChangeEntry } from '../storage/transaction';
import type { ChangeSource, RecordCache } from './record-cache';
import { runOutsideTransactions } from '../runtime/transaction-context';

/** Time in milliseconds from the end of one poll of the change feed to the beginning of the next one. */
const intervalMs = 200;
/** Time in milliseconds after the last cache read when polling stops and all cached records are invalidated. */
const longestIdleMs = 30_000;
/**
 * Maximum number of changes whose records are evicted from the cache one by one. With more changes, all records are
 * invalidated, which is faster.
 */
const pageSize = 1000;

// Keeps the original timer functions: fake timers in a test of the application would stop the polling.
const { setTimeout, clearTimeout } = globalThis;

/** Polls the change feed for commits of other processes and services. Polls only while the cache is in use. */
export class ChangePoll implements ChangeSource {
  readonly #executor: Executor;
  /** Sequence number of the last processed change of the change feed; undefined until the feed has been read. */
  #last: number | undefined;
  /**
   * Changes that this service has written, with the number of times that the change feed will still report them. Such a
   * report does not evict a record: the write has already evicted the old one.
   */
  readonly #own = new LRUCache<string, number>({ max: 10 * pageSize });
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #idleMs = 0;
  #isClosed = false;

  /**
   * Creates a poll of the change feed. The poll has not started.
   *
   * @param executor - executor that reads the primary database.
   */
  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Reads the last sequence number of the change feed, after which polling begins. Never fails. */
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
      // The call that starts the timer may be inside a transaction callback. The poll must not belong to that
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
      // Ignores the error. Until the change feed can be read again, only `ttlMs` and `staleIfErrorMs` limit the age of
      // records.
    }
  }

  async #catchUp(cache: RecordCache): Promise<void> {
    if (this.#last !== undefined) {
      const after = this.#last;
      const page = await readPage(this.#executor, { after, limit: pageSize });
      // Evicts records one by one only if all changed records are known. Some are unknown if changes were pruned
      // unread, if the feed belongs to another database, or if there are too many changes.
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
    // The changes up to `end` were not read from the change feed, so every cached record may be outdated.
    cache.invalidateAll();
    this.#own.clear();
    this.#last = end;
  }

  // Reports whether this service has written the change with this key. If so, decreases the number of expected reports.
  #takeOwn(key: string): boolean {
    const count = this.#own.get(key);
    if (count === undefined) return false;
    if (count > 1) this.#own.set(key, count - 1);
    else this.#own.delete(key);
    return true;
  }
}

// Returns one key for each changed record. A key does not contain the sequence number, which is unknown before the
// commit. If another process changes the same record in the same millisecond, the feed reports the key once more than
// this service has announced it. So that change is noticed, too.
function keysOf({ entity, kind, ids, changedAt }: ChangeEntry): string[] {
  return ids.map((id) => `${entity} ${kind} ${changedAt} ${id}`);
}

import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlConnections } from './connections';
import { classifyPostgresqlError } from './errors/classify';

/**
 * Time in milliseconds between the recording of a security event and its sequencing. The delay lets one batch contain
 * the events of many calls.
 */
const delayMs = 100;

/** First and longest time in milliseconds before an attempt is repeated after a failure. */
const minRetryMs = 1000;
const maxRetryMs = 30_000;

/** Time in milliseconds that `close` waits for another process that appends to the event chain. */
const closePatienceMs = 500;

const pendingSql = 'SELECT id FROM security_event_pending_entries ORDER BY id LIMIT 1';

/**
 * Appends pending entries to the event chain soon after security events were recorded. Only one run is active at a
 * time. A failed run is logged, and repeated later. The timers do not keep the process alive.
 */
export class Sequencer {
  readonly #connections: PostgresqlConnections;
  readonly #sequence: (patienceMs: number) => Promise<boolean>;
  readonly #diagnostics: Diagnostics;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** True when there may be pending entries that the current run does not see. */
  #isRequested = false;
  #isClosed = false;
  /** Time in milliseconds before the next attempt; 0 when the last attempt has succeeded. */
  #retryMs = 0;

  /**
   * Creates a sequencer.
   *
   * @param connections - connections that only the sequencer uses, so that it and other calls do not delay each other.
   * @param sequence - appends the pending entries to the event chain. Returns false when another transaction has locked
   * the chain for `patienceMs` milliseconds.
   */
  constructor(
    connections: PostgresqlConnections,
    sequence: (patienceMs: number) => Promise<boolean>,
    diagnostics: Diagnostics,
  ) {
    this.#connections = connections;
    this.#sequence = sequence;
    this.#diagnostics = diagnostics;
  }

  /**
   * Requests a run if an earlier process has left pending entries: it may have ended between the recording and the
   * sequencing of an event. Does nothing when the database role may not read pending entries.
   */
  async resume(connections: PostgresqlConnections): Promise<void> {
    const rows = await connections.query(pendingSql).catch(() => []);
    if (rows.length > 0) this.request();
  }

  /** Requests a run that appends the pending entries. Returns at once. */
  request(): void {
    this.#isRequested = true;
    if (this.#isClosed || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#running = this.#run(0).finally(() => {
          this.#running = undefined;
          if (this.#isRequested) this.request();
        });
      },
      Math.max(delayMs, this.#retryMs),
    ).unref();
  }

  /** Appends the entries that are still pending, unless the last run has failed. Then closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#isRequested && this.#retryMs === 0) await this.#run(closePatienceMs);
    await this.#connections.close();
  }

  /** Terminates the connection, and prevents further runs. */
  terminate(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connections.terminate();
  }

  async #run(patienceMs: number): Promise<void> {
    this.#isRequested = false;
    try {
      // Tries again: the other process, which has locked the chain, may not see the newest entries.
      if (!(await this.#sequence(patienceMs))) this.#isRequested = true;
      this.#retryMs = 0;
    } catch (error) {
      this.#isRequested = true;
      if (this.#retryMs === 0 && !this.#isClosed) this.#report(error);
      this.#retryMs = Math.min(Math.max(2 * this.#retryMs, minRetryMs), maxRetryMs);
    }
  }

  #report(error: unknown): void {
    const { code } = classifyPostgresqlError(error);
    if (code === 'INTERNAL') this.#diagnostics.internalError('events.record', error);
    else {
      this.#diagnostics.warned(
        'recorded events are not in the event chain yet: appending them failed, and is retried',
        {
          code,
        },
      );
    }
  }
}

import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlConnections } from './connections';
import { classifyPostgresqlError } from './errors/classify';

/** Time in milliseconds between a recording and its sequencing, so that one batch takes the events of many calls. */
const delayMs = 100;

/** First and longest time in milliseconds until the next attempt after a failure. */
const minRetryMs = 1000;
const maxRetryMs = 30_000;

/** Time in milliseconds that the closing waits for another process that appends to the chain. */
const closePatienceMs = 500;

const pendingSql = 'SELECT id FROM security_event_pending_entries ORDER BY id LIMIT 1';

/**
 * Appends pending entries of events to their chain soon after they were recorded: one run at a time. A failure is
 * logged, and the run is repeated later. Its timers do not keep the process alive.
 */
export class Sequencer {
  readonly #connections: PostgresqlConnections;
  readonly #sequence: (patienceMs: number) => Promise<boolean>;
  readonly #diagnostics: Diagnostics;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** True when entries may be pending that the current run does not see. */
  #isRequested = false;
  #isClosed = false;
  /** Time until the next attempt; 0 when the last one succeeded. */
  #retryMs = 0;

  /**
   * @param connections - the sequencer's own: busy connections of calls do not delay it, and it does not delay calls.
   * @param sequence - appends the pending entries by these connections. Returns false when another transaction has
   * locked the chain for `patienceMs` milliseconds.
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
   * Requests a run if entries are pending: a process may have ended between the commit of an event and its sequencing.
   * A role that may not read them leaves them to others.
   */
  async resume(connections: PostgresqlConnections): Promise<void> {
    const rows = await connections.query(pendingSql).catch(() => []);
    if (rows.length > 0) this.request();
  }

  /** Requests a run. Returns at once. */
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

  /** Appends what is still pending, and closes the connection. Tries nothing when the last run has failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#isRequested && this.#retryMs === 0) await this.#run(closePatienceMs);
    await this.#connections.close();
  }

  /** Breaks the connection, and begins no other run. */
  terminate(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connections.terminate();
  }

  async #run(patienceMs: number): Promise<void> {
    this.#isRequested = false;
    try {
      // The other process may have read its last batch before the newest entries were committed.
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

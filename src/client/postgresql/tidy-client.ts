import { Client, type ClientBase, type ClientConfig } from 'pg';
import { markConnectionFault } from '../../errors/connection-faults';
import { findInChain } from '../../errors/error-chain';
import { TextCache } from '../../sql/text-cache';
import { isNotQueryable } from '../../errors/connection-meanings';
import { breakConnection, guardConnection } from './guarded-connection';
import { prepareSession } from './session-settings';

/** How many prepared statements, each with its plan, the server keeps for a connection. */
const maxPreparedStatements = 256;

/**
 * The driver's client, but for what it leaves open: an attempt that failed on this side, for want of a password say, would
 * hold one of the server's slots for a minute, and this process with it.
 */
export class TidyClient extends Client {
  /** Whether the server itself is at the other end, and no pooler. */
  isDirect = false;
  /** Whether it was made to a standby, which only reads. */
  isStandby = false;
  /** When it began to connect, by `performance.now`. */
  readonly madeAt = performance.now();
  /** When it answered last, by `performance.now`. */
  lastAnswer = -Infinity;
  readonly #names = new TextCache<string>(maxPreparedStatements, (name) => this.#closeStatement(name));
  /** The names that the server has answered to. */
  readonly #prepared = new Set<string>();
  #lastNumber = 0;
  readonly #connectTimeoutMs: number;
  #isConnected = false;
  /** What the connection has failed with, where it has. */
  #fault: Error | undefined;

  constructor(config?: ClientConfig) {
    super({ ...config, pipeline: true });
    this.#connectTimeoutMs = config?.connectionTimeoutMillis ?? 0;
    // A connection that is lost is the next call's to find out; without a listener it would end the process.
    this.on('error', (error) => this.#failWith(error));
    guardConnection(this.connection, () => !this.#isConnected);
  }

  override connect(): Promise<Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<Client> | undefined {
    const connected = this.#connect();
    if (callback === undefined) return connected;
    connected.then(
      // Null where there is no error, which the driver's types tell of in another form only.
      () => callback(null as unknown as Error),
      callback,
    );
    return undefined;
  }

  /** Takes note of an answer, to a statement with a name where it had one. */
  heard(name: string | undefined): void {
    this.lastAnswer = performance.now();
    if (name !== undefined) this.#prepared.add(name);
  }

  /**
   * Returns the name under which the server keeps the plan of a statement that is about to be sent; undefined where it is
   * sent without one, as it is a rare statement or the connection has no names.
   */
  nameOf(sql: string): string | undefined {
    if (!this.isDirect) return undefined;
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    // Never used again for another statement: the driver remembers which names it has parsed.
    const name = `ans_${(this.#lastNumber += 1)}`;
    return this.#names.add(sql, name) ? name : undefined;
  }

  /** Reports whether the server has prepared the statement. */
  hasPrepared(sql: string): boolean {
    return this.#prepared.has(this.#names.peek(sql) ?? '');
  }

  /** Returns the number of the server's process; undefined through a pooler, whose numbers are its own. */
  get serverProcess(): number | undefined {
    // The driver's types leave it out.
    const { processID } = this as { processID?: number | null };
    return this.isDirect && typeof processID === 'number' ? processID : undefined;
  }

  /** Ends the connection at once, whatever is in flight. */
  hangUp(): void {
    this.connection.stream.destroy();
  }

  /**
   * Has the server forget a statement, by the Close message of its protocol: DEALLOCATE would take a statement of its own,
   * and poolers do not translate it. It needs no Sync: its answer comes with that of the statement that is sent next, and
   * what was sent before is not affected. It is processed in a failed transaction, too.
   */
  #closeStatement(name: string): void {
    this.#prepared.delete(name);
    // The driver keeps the texts of parsed statements there, which its types leave out, and never removes one.
    const { parsedStatements } = this.connection as { readonly parsedStatements?: object };
    if (parsedStatements !== undefined) Reflect.deleteProperty(parsedStatements, name);
    this.connection.close({ type: 'S', name }, true);
  }

  /** Returns why the connection failed where `error` says no more than that it has failed before, else `error`. */
  reasonOf<T>(error: T): T | Error {
    if (this.#fault === undefined) return error;
    return findInChain(error, (link) => isNotQueryable(link) || undefined) === true ? this.#fault : error;
  }

  #failWith(error: Error): void {
    this.#fault ??= error;
    markConnectionFault(error);
    // Some errors of the driver's while it connects would not end the attempt.
    if (!this.#isConnected) breakConnection(this.connection, error);
  }

  async #connect(): Promise<Client> {
    // The driver's own limit ends when the server is ready, and the pool has one for its own connections alone.
    const timer = this.#startTimer();
    try {
      await super.connect();
      // The number of the server's process, which the driver's types leave out.
      const { processID } = this as { processID?: number };
      ({ isDirect: this.isDirect, isStandby: this.isStandby } = await prepareSession(this, Number(processID)));
      this.#isConnected = true;
      return this;
    } catch (error) {
      markConnectionFault(error);
      this.hangUp();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #startTimer(): NodeJS.Timeout | undefined {
    if (this.#connectTimeoutMs === 0) return undefined;
    return setTimeout(() => breakConnection(this.connection, new Error('timeout expired')), this.#connectTimeoutMs);
  }
}

/** Returns what `error` on a connection has come from: see {@link TidyClient.reasonOf}. */
export function reasonOn<T>(client: ClientBase, error: T): T | Error {
  return client instanceof TidyClient ? client.reasonOf(error) : error;
}

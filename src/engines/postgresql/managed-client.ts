import { Client, type ClientBase, type ClientConfig } from 'pg';
import { markConnectionFault } from './errors/connection-faults';
import { findInChain } from '../../errors/error-chain';
import { FrequentTextCache } from '../../sql/frequent-text-cache';
import { isNotQueryable } from './errors/connection-errors';
import { breakConnection, guardConnection } from './guarded-connection';
import { prepareSession } from './session-settings';

/** Maximum number of prepared statements, with their plans, that the server keeps for one connection. */
const maxPreparedStatements = 256;

/**
 * Client of the driver that also closes the connection when an attempt to connect fails. The driver itself leaves the
 * connection open after some errors, for example when the password is missing. Such a connection keeps the
 * process alive, and counts against the server's limit, until the server closes it after a minute.
 */
export class ManagedClient extends Client {
  /** True when the client is connected to the server directly, without a pooler. */
  supportsNamedStatements = false;
  /** True when the client is connected to a standby, which is read-only. */
  isStandby = false;
  /** Time when the client was created, in milliseconds of `performance.now`. */
  readonly createdAt = performance.now();
  /** Time of the server's last response, in milliseconds of `performance.now`. */
  lastResponseAt = -Infinity;
  readonly #names = new FrequentTextCache<string>(maxPreparedStatements, (name) => this.#closeStatement(name));
  /** Types of the result columns of each statement that the server has prepared, by the name of the statement. */
  readonly #prepared = new Map<string, readonly number[]>();
  #lastNumber = 0;
  readonly #connectTimeoutMs: number;
  #isConnected = false;
  /** Error with which the connection has failed; undefined while the connection is usable. */
  #fault: Error | undefined;

  constructor(config?: ClientConfig) {
    super({ ...config, pipeline: true });
    this.#connectTimeoutMs = config?.connectionTimeoutMillis ?? 0;
    // Records the error, which the next call reports. Without a listener, the event would end the process.
    this.on('error', (error) => this.#failWith(error));
    guardConnection(this.connection, () => !this.#isConnected);
  }

  override connect(): Promise<Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<Client> | undefined {
    const connected = this.#connect();
    if (callback === undefined) return connected;
    connected.then(
      // The cast is necessary: without an error, the driver passes null, contrary to its types.
      () => callback(null as unknown as Error),
      callback,
    );
    return undefined;
  }

  /** Records the time of a response of the server. */
  markActive(): void {
    this.lastResponseAt = performance.now();
  }

  /**
   * Records that the server has prepared a statement. The types of the result stay the same: after a change of the
   * schema, the server rejects the statement.
   *
   * @param typeIds - object ids of the types of the result columns.
   */
  markPrepared(name: string, typeIds: readonly number[]): void {
    if (!this.#prepared.has(name)) this.#prepared.set(name, typeIds);
  }

  /**
   * Returns the name under which the server keeps the plan of a statement. Returns undefined for a rare statement, or
   * when the connection does not support names. The caller then sends the statement without a name.
   */
  nameOf(sql: string): string | undefined {
    if (!this.supportsNamedStatements) return undefined;
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    // Never reuses a name for another statement, because the driver remembers the names that it has prepared.
    const name = `ans_${(this.#lastNumber += 1)}`;
    return this.#names.add(sql, name) ? name : undefined;
  }

  /** Reports whether the server has prepared the statement for this connection. */
  hasPrepared(sql: string): boolean {
    return this.#prepared.has(this.#names.peek(sql) ?? '');
  }

  /** Returns the types of the result columns of a prepared statement; an empty array for an unknown statement. */
  typeIdsOf(name: string): readonly number[] {
    return this.#prepared.get(name) ?? [];
  }

  /** Id of the server process. Undefined behind a pooler, which sends ids of its own. */
  get serverProcess(): number | undefined {
    // The cast is necessary, because the driver's types omit `processID`.
    const { processID } = this as { processID?: number | null };
    return this.supportsNamedStatements && typeof processID === 'number' ? processID : undefined;
  }

  /** Terminates the connection at once, even with statements in flight. */
  terminate(): void {
    this.connection.stream.destroy();
  }

  /**
   * Removes a prepared statement from the server by the Close message of the protocol. DEALLOCATE would not work behind
   * a pooler, and would be an additional statement. The server responds to the Close message together with the next
   * statement.
   */
  #closeStatement(name: string): void {
    this.#prepared.delete(name);
    // Removes the text of the statement from an object in which the driver keeps all prepared statements forever. The
    // driver's types omit the object.
    const { parsedStatements } = this.connection as { readonly parsedStatements?: object };
    if (parsedStatements !== undefined) Reflect.deleteProperty(parsedStatements, name);
    this.connection.close({ type: 'S', name }, true);
  }

  /**
   * Returns the error that ended the connection, if `error` only reports that the connection has already ended.
   * Otherwise returns `error`.
   */
  reasonOf<T>(error: T): T | Error {
    if (this.#fault === undefined) return error;
    return findInChain(error, (link) => isNotQueryable(link) || undefined) === true ? this.#fault : error;
  }

  #failWith(error: Error): void {
    this.#fault ??= error;
    markConnectionFault(error);
    // Ends the attempt to connect, which the driver leaves open after some errors.
    if (!this.#isConnected) breakConnection(this.connection, error);
  }

  async #connect(): Promise<Client> {
    // Limits the time of the whole attempt. The driver's own limit does not include the preparation of the session. The
    // pool's limit does not apply to connections outside the pool.
    const timer = this.#startTimer();
    try {
      await super.connect();
      // The cast is necessary, because the driver's types omit `processID`.
      const { processID } = this as { processID?: number };
      ({ supportsNamedStatements: this.supportsNamedStatements, isStandby: this.isStandby } = await prepareSession(
        this,
        Number(processID),
      ));
      this.#isConnected = true;
      return this;
    } catch (error) {
      markConnectionFault(error);
      this.terminate();
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

/** Returns the error that ended the connection of `client`: see {@link ManagedClient.reasonOf}. */
export function reasonOn<T>(client: ClientBase, error: T): T | Error {
  return client instanceof ManagedClient ? client.reasonOf(error) : error;
}

/** Runs `send`. The socket writes everything that `send` sends to the server at once. */
export function writeTogether<T>(client: ClientBase, send: () => T): T {
  if (!(client instanceof ManagedClient)) return send();
  const { stream } = client.connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

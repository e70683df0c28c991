import { Client, Pool, type ClientConfig, type PoolClient } from 'pg';
import { notInitialized } from '../../errors/failure';
import { prepareSession } from './session-settings';

/**
 * The driver's client, but for what it leaves open: an attempt that failed on this side, for want of a password say, would
 * hold one of the server's slots for a minute, and this process with it.
 */
export class TidyClient extends Client {
  /** Whether the server itself is at the other end, and no pooler. */
  isDirect = false;
  /** Whether it was made to a standby, which only reads. */
  isStandby = false;
  /** The names of the statements that it has prepared. */
  readonly prepared = new Set<string>();
  /** When it answered last, by `performance.now`. */
  lastAnswer = -Infinity;

  constructor(config?: ClientConfig) {
    super({ ...config, pipeline: true });
    // A connection that is lost is the next call's to find out; without a listener it would end the process.
    this.on('error', () => undefined);
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
    if (name !== undefined) this.prepared.add(name);
  }

  /** Ends the connection at once, whatever is in flight. */
  hangUp(): void {
    this.connection.stream.destroy();
  }

  async #connect(): Promise<Client> {
    try {
      await super.connect();
      // The number of the server's process, which the driver's types leave out.
      const { processID } = this as { processID?: number };
      ({ isDirect: this.isDirect, isStandby: this.isStandby } = await prepareSession(this, Number(processID)));
      return this;
    } catch (error) {
      this.hangUp();
      throw error;
    }
  }
}

/** The driver's pool, but for that it can be given up: the driver's waits for its connections, and those who wait for them. */
export class TidyPool extends Pool {
  readonly #waiting = new Set<(error: Error) => void>();
  #isGivenUp = false;

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    if (callback === undefined) return this.#connect();
    super.connect(callback);
    return undefined;
  }

  /** Lets nobody have a connection any more. Those that are in use are to be cut by whoever knows them. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const reject of this.#waiting) reject(notInitialized());
    this.#waiting.clear();
    // It waits for those in use, which need not ever come back, and may have been ended before.
    this.end().catch(() => undefined);
  }

  #connect(): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      if (this.#isGivenUp) {
        reject(notInitialized());
        return;
      }
      this.#waiting.add(reject);
      super.connect((error, client) => {
        const isAwaited = this.#waiting.delete(reject);
        if (client === undefined) reject(error ?? new Error('The pool gave no connection'));
        else if (isAwaited) resolve(client);
        else client.release(true);
      });
    });
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { markConnectionFault } from './errors/connection-faults';
import { MessageCheck } from './message-check';

/**
 * Maximum number of bytes that a server may send before the connection is established. A normal server sends a few
 * kilobytes.
 */
const maxStartupBytes = 1_048_576;

/** Names of server messages that are never a response to a statement of this package or of Prisma Client. */
const unexpectedMessages = ['copyInResponse', 'copyOutResponse', 'replicationStart', 'copyData'];

/** Declares a method of the driver that its types omit. The driver calls the method with each stream that it reads. */
interface DriverConnection {
  attachListeners: (stream: Pick<Duplex, 'on'>) => void;
}

type DataListener = (data: Buffer) => void;

/**
 * Prevents a message of the server from ending the process. The driver throws inside an event handler when it receives
 * an unknown message, such as a request for GSSAPI. With this function, such a message terminates the connection
 * instead.
 *
 * @param isStarting - reports whether the connection is still being established.
 */
export function guardConnection(connection: Connection, isStarting: () => boolean): void {
  // The cast is necessary, because the driver's types omit the method. The protocol tests fail if the driver removes
  // the method.
  const driver = connection as unknown as DriverConnection;
  const attachListeners = driver.attachListeners.bind(driver);
  let startupBytes = 0;
  driver.attachListeners = (stream) => {
    const messages = new MessageCheck();
    const guard =
      (listener: DataListener): DataListener =>
      (data) => {
        try {
          if (isStarting()) startupBytes += data.length;
          if (startupBytes > maxStartupBytes) throw new Error('Received unexpected data while connecting.');
          messages.check(data);
          listener(data);
        } catch (error) {
          breakConnection(connection, error);
        }
      };
    // The cast is necessary, because the types of Node.js have one overload for each event. The driver passes any event
    // with its listener.
    attachListeners({
      on: (event: string, listener: DataListener) => stream.on(event, event === 'data' ? guard(listener) : listener),
    } as Pick<Duplex, 'on'>);
  };
  for (const name of unexpectedMessages) {
    connection.on(name, () =>
      breakConnection(connection, new Error(`Received unexpected ${name} message from backend.`)),
    );
  }
}

/** Terminates a connection at once. Every call that waits for a response fails with the given reason. */
export function breakConnection({ stream }: Connection, reason: unknown): void {
  stream.destroy(reason instanceof Error ? reason : new Error(String(reason)));
}

/** Creates the error for a statement without a result, when the server is already ready for the next statement. */
export function unexpectedEnd(): Error {
  const error = new Error('Received unexpected readyForQuery message from backend.');
  markConnectionFault(error);
  return error;
}

/**
 * Reports whether the server has sent no result for a statement.
 *
 * @param result - result that the driver returned. Contrary to its type, `command` may be absent.
 */
export function lacksOutcome({ command }: { readonly command: string | null }): boolean {
  return command === null;
}

import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { markConnectionFault } from '../../errors/connection-faults';
import { MessageCheck } from './message-check';

/** How much a server may send before a connection is established: parameters and notices take a few kilobytes. */
const maxStartupBytes = 1_048_576;

/** Messages that no statement of this package or of Prisma Client is answered with. */
const unexpectedMessages = ['copyInResponse', 'copyOutResponse', 'replicationStart', 'copyData'];

/** What the driver's types leave out: it has every stream that it reads from pass through here. */
interface DriverConnection {
  attachListeners: (stream: Pick<Duplex, 'on'>) => void;
}

type DataListener = (data: Buffer) => void;

/**
 * Keeps whatever a server sends from ending the process. The driver reads messages inside the socket's event handler, and
 * throws there at a message that it does not know, such as a request for GSSAPI. Here that breaks the connection instead.
 *
 * @param isStarting - reports whether the connection is still being established.
 */
export function guardConnection(connection: Connection, isStarting: () => boolean): void {
  // See the interface. The driver's version is fixed by the lock file, and tests of the protocol would fail without it.
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

/** Ends a connection at once, with the reason that everybody is told who waits for an answer. */
export function breakConnection({ stream }: Connection, reason: unknown): void {
  stream.destroy(reason instanceof Error ? reason : new Error(String(reason)));
}

/** Returns the error of a statement of which the server has not said what became of it, although it is ready for the next. */
export function unexpectedEnd(): Error {
  const error = new Error('Received unexpected readyForQuery message from backend.');
  markConnectionFault(error);
  return error;
}

/**
 * Reports whether the server has not said what became of a statement.
 *
 * @param result - the driver's types do not tell that a command may lack.
 */
export function lacksOutcome({ command }: { readonly command: string | null }): boolean {
  return command === null;
}

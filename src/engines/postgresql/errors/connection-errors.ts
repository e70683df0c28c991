import type { ErrorMapping } from './error-mapping';
import { describeTlsError } from './tls-errors';
import { propertiesOf } from '../../../errors/properties';

/*
 * Mappings of connection errors that the driver or the operating system reports, and not the server. Such errors have
 * no SQLSTATE.
 */

const unreachableServer: ErrorMapping = { code: 'UNAVAILABLE', message: 'the server cannot be reached' };
const connectTimeout: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the server did not answer within pool.connectTimeoutMs',
  isTransient: false,
};
export const connectionLost: ErrorMapping = { code: 'UNAVAILABLE', message: 'the connection to the server was lost' };

export const protocolViolation: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the connection failed: the server violated the PostgreSQL protocol',
};
const unsupportedAuthentication: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the server requires an unsupported authentication method, such as GSSAPI: change its pg_hba.conf',
  retryable: false,
};

export const rejectedRole: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the server rejected the role or its password',
  retryable: false,
};
/** Mappings of connection errors that the operating system reports, by the code of the error. */
const systemErrors: ReadonlyMap<unknown, ErrorMapping> = new Map([
  ['ECONNREFUSED', unreachableServer],
  ['ENOTFOUND', unreachableServer],
  ['EAI_AGAIN', unreachableServer],
  ['EHOSTUNREACH', unreachableServer],
  ['ENETUNREACH', unreachableServer],
  ['ECONNRESET', connectionLost],
  ['ECONNABORTED', connectionLost],
  ['EPIPE', connectionLost],
  ['ETIMEDOUT', connectionLost],
]);

/** Mappings of connection errors that the driver reports, by the message, because these errors have no code. */
const driverMessages: readonly (readonly [pattern: RegExp, mapping: ErrorMapping])[] = [
  [
    /^timeout exceeded when trying to connect$/,
    { code: 'TIMEOUT', message: 'no connection of the pool became free within pool.connectTimeoutMs' },
  ],
  [/^(?:timeout expired|Connection terminated due to connection timeout)$/, connectTimeout],
  [/^Query read timeout$/, { code: 'TIMEOUT', message: 'the server did not answer within pool.statementTimeoutMs' }],
  [/^Connection terminated|is not queryable$/, connectionLost],
  [/^Received unexpected |^received invalid response/, protocolViolation],
  [
    /^The server does not support SSL|error establishing an SSL connection/,
    { code: 'UNAVAILABLE', message: 'the server does not support encrypted connections', retryable: false },
  ],
  [/^Unknown authenticationOk|^SASL: Only mechanism/, unsupportedAuthentication],
  [/^SASL|password must be a string/, rejectedRole],
];

/** Mappings of connection errors that Prisma's adapter throws, by the kind of the error. */
const adapterKinds: Readonly<Record<string, ErrorMapping>> = {
  DatabaseNotReachable: unreachableServer,
  ConnectionClosed: connectionLost,
  SocketTimeout: connectionLost,
  TlsConnectionError: {
    code: 'UNAVAILABLE',
    message: 'the encrypted connection could not be established',
    retryable: false,
  },
};

/** Reports whether the driver refused to use a connection that had already failed. The driver has sent nothing then. */
export function isNotQueryable(error: object): boolean {
  const { message } = propertiesOf(error);
  return typeof message === 'string' && message.endsWith('is not queryable');
}

/** Returns the mapping of an error of a connection. Returns undefined for any other error. */
export function mapConnectionError(error: object): ErrorMapping | undefined {
  const { code, message, kind, syscall } = propertiesOf(error);
  // Tests the system call, because a Unix socket is a file, and other files have the same error codes.
  if (syscall === 'connect') return unreachableServer;
  const known = systemErrors.get(code) ?? (typeof kind === 'string' ? adapterKinds[kind] : undefined);
  if (known !== undefined) return known;
  const tlsError = describeTlsError(code);
  if (tlsError !== undefined) return { code: 'UNAVAILABLE', message: tlsError, retryable: false, availability: 'down' };
  return typeof message === 'string' ? driverMessages.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}

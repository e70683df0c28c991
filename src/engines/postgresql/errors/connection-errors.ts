import type { ErrorMapping } from './error-mapping';
import { describeTlsError } from './tls-errors';
import { propertiesOf } from '../../../errors/properties';

/*
 * Errors of a connection that the driver or the system reports, and not the server. They have no SQLSTATE.
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
/** Errors of a connection that the system reports, by their code. */
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

/** Errors of a connection that the driver reports. They have no code, so their messages distinguish them. */
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

/** Errors of a connection in the form in which Prisma's adapter throws them, by their kind. */
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

/** Reports whether the driver refused to use a connection that had already failed. Then nothing was sent. */
export function isNotQueryable(error: object): boolean {
  const { message } = propertiesOf(error);
  return typeof message === 'string' && message.endsWith('is not queryable');
}

/** Returns the mapping of an error of a connection; undefined for any other error. */
export function mapConnectionError(error: object): ErrorMapping | undefined {
  const { code, message, kind, syscall } = propertiesOf(error);
  // A Unix socket is a file, and other files have the same error codes. Only the name of the system call shows that the
  // error is about a connection.
  if (syscall === 'connect') return unreachableServer;
  const known = systemErrors.get(code) ?? (typeof kind === 'string' ? adapterKinds[kind] : undefined);
  if (known !== undefined) return known;
  const tlsError = describeTlsError(code);
  if (tlsError !== undefined) return { code: 'UNAVAILABLE', message: tlsError, retryable: false, availability: 'down' };
  return typeof message === 'string' ? driverMessages.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}

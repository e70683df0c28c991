import type { DatabaseErrorCode } from '../../../errors/database-error';
import type { Availability } from '../../../errors/failure';
import { describeTlsFault } from './tls-fault';

/*
 * Errors of a connection that come from the driver or from the system, before or instead of a response of the server.
 * They have no SQLSTATE.
 */

/** Mapping of an error for the caller. */
export interface Meaning {
  readonly code: DatabaseErrorCode;
  readonly message: string;
  /** Set when it differs from the default of the code. */
  readonly retryable?: boolean;
  /** Set when it differs from the default of {@link reportedFailure}. */
  readonly isTransient?: boolean;
  readonly availability?: Availability;
}

const unreachable: Meaning = { code: 'UNAVAILABLE', message: 'the server cannot be reached' };
const silent: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the server did not answer within pool.connectTimeoutMs',
  isTransient: false,
};
export const lost: Meaning = { code: 'UNAVAILABLE', message: 'the connection to the server was lost' };

export const misunderstood: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the connection failed: the server violated the PostgreSQL protocol',
};
const unsupportedAuthentication: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the server requires an unsupported authentication method, such as GSSAPI: change its pg_hba.conf',
  retryable: false,
};

export const refusedRole: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the server rejected the role or its password',
  retryable: false,
};
/** Errors of a connection that the system reports, by their code. */
const systemErrors: ReadonlyMap<unknown, Meaning> = new Map([
  ['ECONNREFUSED', unreachable],
  ['ENOTFOUND', unreachable],
  ['EAI_AGAIN', unreachable],
  ['EHOSTUNREACH', unreachable],
  ['ENETUNREACH', unreachable],
  ['ECONNRESET', lost],
  ['ECONNABORTED', lost],
  ['EPIPE', lost],
  ['ETIMEDOUT', lost],
]);

/** Errors of a connection that the driver reports, by their message: they have no code. */
const driverMessages: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [
    /^timeout exceeded when trying to connect$/,
    { code: 'TIMEOUT', message: 'no connection of the pool became free within pool.connectTimeoutMs' },
  ],
  [/^(?:timeout expired|Connection terminated due to connection timeout)$/, silent],
  [/^Query read timeout$/, { code: 'TIMEOUT', message: 'the server did not answer within pool.statementTimeoutMs' }],
  [/^Connection terminated|is not queryable$/, lost],
  [/^Received unexpected |^received invalid response/, misunderstood],
  [
    /^The server does not support SSL|error establishing an SSL connection/,
    { code: 'UNAVAILABLE', message: 'the server does not support encrypted connections', retryable: false },
  ],
  [/^Unknown authenticationOk|^SASL: Only mechanism/, unsupportedAuthentication],
  [/^SASL|password must be a string/, refusedRole],
];

/** The same errors in the form in which Prisma's adapter throws them. */
const adapterKinds: Readonly<Record<string, Meaning>> = {
  DatabaseNotReachable: unreachable,
  ConnectionClosed: lost,
  SocketTimeout: lost,
  TlsConnectionError: {
    code: 'UNAVAILABLE',
    message: 'the encrypted connection could not be established',
    retryable: false,
  },
};

/** Reports whether the driver refused to use a connection that had failed before: nothing was sent. */
export function isNotQueryable(error: object): boolean {
  const { message } = error as Readonly<Record<string, unknown>>;
  return typeof message === 'string' && message.endsWith('is not queryable');
}

/** Returns the mapping of an error of a connection; undefined for any other error. */
export function meaningOfConnectionError(error: object): Meaning | undefined {
  const { code, message, kind, syscall } = error as Readonly<Record<string, unknown>>;
  // A Unix socket is a file, and its error codes also occur for other files.
  if (syscall === 'connect') return unreachable;
  const known = systemErrors.get(code) ?? (typeof kind === 'string' ? adapterKinds[kind] : undefined);
  if (known !== undefined) return known;
  const tlsFault = describeTlsFault(code);
  if (tlsFault !== undefined) return { code: 'UNAVAILABLE', message: tlsFault, retryable: false, availability: 'down' };
  return typeof message === 'string' ? driverMessages.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}

import { constants } from 'node:os';
import { findInChain } from './error-chain';
import { propertiesOf } from './properties';

/**
 * Names of the error classes of JavaScript, the drivers and Prisma. The redacted cause of an error with any other class
 * name has the name `Error`, because that name may contain data of the application.
 */
const knownNames: ReadonlySet<unknown> = new Set([
  'AggregateError',
  'DOMException',
  'DatabaseError',
  'DriverAdapterError',
  'Error',
  'EvalError',
  'Failure',
  'PrismaClientInitializationError',
  'PrismaClientKnownRequestError',
  'PrismaClientRustPanicError',
  'PrismaClientUnknownRequestError',
  'PrismaClientValidationError',
  'RangeError',
  'ReferenceError',
  'SqliteError',
  'SyntaxError',
  'SystemError',
  'TypeError',
  'URIError',
  // Name that node-postgres gives to errors of the PostgreSQL server.
  'error',
]);

const systemCodes: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ENOTFOUND',
  'MODULE_NOT_FOUND',
]);

const sqlState = /^[0-9A-Z]{5}$/;

/**
 * Patterns of SQLite's result codes, Prisma's codes, Node.js's codes, and OpenSSL's reasons to reject a certificate.
 */
const codePatterns: readonly RegExp[] = [
  /^(?:UNKNOWN_)?SQLITE_[A-Z0-9_]{2,40}$/,
  /^P\d{4}$/,
  /^ERR_[A-Z0-9_]{2,60}$/,
  /^(?:CERT|CRL|UNABLE_TO|ERROR_IN|DEPTH_ZERO|SELF_SIGNED|INVALID|PATH_LENGTH|HOSTNAME)_[A-Z_]{2,60}$/,
];

/**
 * Redacted form of the original error in a `DatabaseError`: the name of its class and its code. All other properties
 * that a driver reports may contain stored values. `driverErrorOf` returns the original error.
 */
class RedactedError extends Error {
  /** Code of SQLite, PostgreSQL (SQLSTATE), Prisma or Node.js. Absent when the original error has no such code. */
  readonly code?: string;

  constructor(name: string, code: string | undefined) {
    super('details are withheld: driverErrorOf() returns the original error');
    Object.defineProperty(this, 'name', { value: name });
    if (code !== undefined) this.code = code;
    // Replaces the stack by one line. The original stack may contain text of the driver, and the stack of this
    // constructor does not help.
    this.stack = `${name}${code === undefined ? '' : ` [${code}]`}: ${this.message}`;
  }
}

/** Returns an error that has only the class name and the code of `cause`. */
export function redactCause(cause: unknown): Error {
  const described = findInChain(cause, (link) => {
    const code = knownCodeOf(link);
    return code === undefined ? undefined : { name: knownNameOf(link), code };
  });
  return new RedactedError(described?.name ?? knownNameOf(cause), described?.code);
}

function knownCodeOf(link: object): string | undefined {
  // Prisma's adapters store the driver's code in `originalCode`.
  const { code, originalCode, severity } = propertiesOf(link);
  const known = originalCode ?? code;
  if (typeof known !== 'string') return undefined;
  // Only an error of a database server has a SQLSTATE as its code. In another error, a code of five characters may be
  // data of the application.
  const isReported = severity !== undefined || originalCode !== undefined;
  if (isReported && sqlState.test(known)) return known;
  return systemCodes.has(known) || codePatterns.some((pattern) => pattern.test(known)) ? known : undefined;
}

function knownNameOf(error: unknown): string {
  try {
    const name: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'name') : undefined;
    return typeof name === 'string' && knownNames.has(name) ? name : 'Error';
  } catch {
    // A getter or a proxy of the application threw an error while the cause was read.
    return 'Error';
  }
}

import { constants } from 'node:os';
import { findInChain } from './error-chain';

/** Names of error classes: the language's, the drivers' and Prisma's. Any other name may be a value. */
const knownNames: ReadonlySet<unknown> = new Set([
  'AggregateError',
  'DOMException',
  'DatabaseError',
  'DriverAdapterError',
  'Error',
  'EvalError',
  'Failure',
  'MigrationError',
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
  // The class of node-postgres for what the server reports has this name.
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

/** SQLite's result codes, Prisma's codes, Node.js's codes, and OpenSSL's reasons to refuse a certificate. */
const codePatterns: readonly RegExp[] = [
  /^(?:UNKNOWN_)?SQLITE_[A-Z0-9_]{2,40}$/,
  /^P\d{4}$/,
  /^ERR_[A-Z0-9_]{2,60}$/,
  /^(?:CERT|CRL|UNABLE_TO|ERROR_IN|DEPTH_ZERO|SELF_SIGNED|INVALID|PATH_LENGTH|HOSTNAME)_[A-Z_]{2,60}$/,
];

/**
 * What a `DatabaseError` shows of the error beneath it: the name of its class and its code. Everything else that a driver
 * reports may hold stored values. `driverErrorOf` returns the original error.
 */
class RedactedError extends Error {
  /** The code of SQLite, PostgreSQL (SQLSTATE), Prisma or Node.js. Absent when there is none. */
  readonly code?: string;

  constructor(name: string, code: string | undefined) {
    super('details are withheld, driverErrorOf returns them');
    Object.defineProperty(this, 'name', { value: name });
    if (code !== undefined) this.code = code;
    // Without frames: those of the original error are text of the driver's, and those of this place tell nobody anything.
    this.stack = `${name}${code === undefined ? '' : ` [${code}]`}: ${this.message}`;
  }
}

/** Returns an error that has the kind and the code of `cause`, and nothing else of it. */
export function redactCause(cause: unknown): Error {
  const described = findInChain(cause, (link) => {
    const code = knownCodeOf(link);
    return code === undefined ? undefined : { name: knownNameOf(link), code };
  });
  return new RedactedError(described?.name ?? knownNameOf(cause), described?.code);
}

function knownCodeOf(link: object): string | undefined {
  // Prisma's adapters keep the driver's code under another name.
  const { code, originalCode, severity } = link as Readonly<Record<string, unknown>>;
  const known = originalCode ?? code;
  if (typeof known !== 'string') return undefined;
  // Five characters are a SQLSTATE where a server reports them; elsewhere they may be anything.
  const isReported = severity !== undefined || originalCode !== undefined;
  if (isReported && sqlState.test(known)) return known;
  return systemCodes.has(known) || codePatterns.some((pattern) => pattern.test(known)) ? known : undefined;
}

function knownNameOf(error: unknown): string {
  try {
    const name: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'name') : undefined;
    return typeof name === 'string' && knownNames.has(name) ? name : 'Error';
  } catch {
    // A getter or a proxy of the caller's that throws.
    return 'Error';
  }
}

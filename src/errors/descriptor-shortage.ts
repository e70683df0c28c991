import { reportedFailure, type Failure } from './failure';
import { propertiesOf } from './properties';

/** Error codes of the operating system for too many open files, in the process or in the whole system. */
const descriptorCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

/**
 * Codes of Node.js errors that have several possible reasons, one of them a lack of file descriptors. Only the message
 * names the reason. Example: ERR_DLOPEN_FAILED, when a native library cannot be loaded.
 */
const codesWithReason: ReadonlySet<unknown> = new Set([
  'ERR_DLOPEN_FAILED',
  'ERR_WORKER_INIT_FAILED',
  'ERR_INVALID_PACKAGE_CONFIG',
]);

const message = 'the process has no free file descriptor: close files, or raise its limit (ulimit -n)';

/**
 * Returns the failure for an error that reports too many open files; undefined for any other error. The failure does
 * not tell whether the database is available, because nothing was sent to the database.
 */
export function toDescriptorShortage(error: object, cause: unknown): Failure | undefined {
  return lacksDescriptors(error)
    ? reportedFailure('UNAVAILABLE', message, { cause, availability: 'unknown' })
    : undefined;
}

function lacksDescriptors(error: object): boolean {
  const { code, message: reason } = propertiesOf(error);
  if (descriptorCodes.has(code)) return true;
  return codesWithReason.has(code) && typeof reason === 'string' && /too many open files|EMFILE|ENFILE/i.test(reason);
}

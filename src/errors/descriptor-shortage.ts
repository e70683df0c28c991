import { reportedFailure, type Failure } from './failure';
import { propertiesOf } from './properties';

/** Error codes of a process, or a system, that has reached its limit of open files. */
const descriptorCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

/** Error codes of Node.js for faults whose reason is only in the message: of the linker, of a thread, of a module. */
const codesWithReason: ReadonlySet<unknown> = new Set([
  'ERR_DLOPEN_FAILED',
  'ERR_WORKER_INIT_FAILED',
  'ERR_INVALID_PACKAGE_CONFIG',
]);

const message = 'the process has no free file descriptor: close files, or raise its limit (ulimit -n)';

/**
 * Returns the failure when the process, or the system, has too many open files; undefined for any other error. The
 * failure does not show whether the database is available, because nothing was sent to the database.
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

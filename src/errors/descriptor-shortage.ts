import { reportedFailure, type Failure } from './failure';
import { propertiesOf } from './properties';

/** Error codes of a process, or a system, that has reached its limit of open files. */
const descriptorCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

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
  // Errors of the dynamic linker, and of the start of a thread, contain the reason only in their message.
  const hasReason = code === 'ERR_DLOPEN_FAILED' || code === 'ERR_WORKER_INIT_FAILED';
  return hasReason && typeof reason === 'string' && /too many open files|EMFILE|ENFILE/i.test(reason);
}

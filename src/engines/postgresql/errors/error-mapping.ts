import type { DatabaseErrorCode } from '../../../errors/database-error';
import type { Availability } from '../../../errors/failure';

/**
 * Code and message for an error that the server or the driver reports. The optional properties replace the defaults.
 */
export interface ErrorMapping {
  readonly code: DatabaseErrorCode;
  readonly message: string;
  /** True when the same call may succeed later. Default: derived from the code. */
  readonly retryable?: boolean;
  /** True when the call may succeed at once. Default: true when the error is retryable and its code is not TIMEOUT. */
  readonly isTransient?: boolean;
  /** Availability of the database. Default: derived from the code and `retryable`. */
  readonly availability?: Availability;
}

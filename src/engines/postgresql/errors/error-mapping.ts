import type { DatabaseErrorCode } from '../../../errors/database-error';
import type { Availability } from '../../../errors/failure';

/** Code and message of the failure for an error that the server or the driver reports. */
export interface ErrorMapping {
  readonly code: DatabaseErrorCode;
  readonly message: string;
  /** True when the same call may succeed later. Default: derived from the code of the failure. */
  readonly retryable?: boolean;
  /**
   * True when the same call may succeed at once. Default: true when the error is retryable and its code is not TIMEOUT.
   */
  readonly isTransient?: boolean;
  /** Availability of the database after the error. Default: derived from the code and `retryable`. */
  readonly availability?: Availability;
}

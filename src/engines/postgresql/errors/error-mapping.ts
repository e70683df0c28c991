import type { DatabaseErrorCode } from '../../../errors/database-error';
import type { Availability } from '../../../errors/failure';

/** Code and message of an error that the server or the driver reports, with the differences from the defaults. */
export interface ErrorMapping {
  readonly code: DatabaseErrorCode;
  readonly message: string;
  /** Default: decided by the code. */
  readonly retryable?: boolean;
  /** Default: true when the error is retryable and its code is not TIMEOUT. */
  readonly isTransient?: boolean;
  /** Default: decided by the code and by `retryable`. */
  readonly availability?: Availability;
}

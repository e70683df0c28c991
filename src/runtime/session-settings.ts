import type { BreakerState } from '../diagnostics/types';
import { Failure } from '../errors/failure';
import type { BreakerSettings, RetryPolicy } from '../options/resolve-options';
import type { Engine } from '../storage/engine';

/** Settings of a database session: the kind of the database, and the handling of failures and idle transactions. */
export interface SessionSettings {
  readonly location: { readonly kind: 'file' | 'memory' | 'postgresql' };
  readonly transactionIdleTimeoutMs: number;
  readonly retry: RetryPolicy;
  readonly breaker: BreakerSettings | undefined;
}

/** Present state of a database session. */
export interface SessionState {
  /** Open database engine; undefined while the database is closed. */
  readonly engine: Engine | undefined;
  readonly callsInFlight: number;
  /** State of the circuit breaker; `off` with the option `breaker: false`. */
  readonly breaker: BreakerState | 'off';
}

/** Returns the failure of a write through `db` inside the callback of a `db.transaction`. */
export function writeBesideTransaction(): Failure {
  return new Failure(
    'CONFLICT',
    'inside a transaction, write through its tx argument and not through the database object',
    {
      retryable: false,
    },
  );
}

import { isDatabaseError, type DatabaseErrorCode, type ErrorEntity } from './database-error';

/** HTTP status for each error code. Codes that this map does not contain have the status 500. */
const statuses: ReadonlyMap<unknown, number> = new Map<DatabaseErrorCode, number>([
  ['INVALID_INPUT', 400],
  ['OUT_OF_RANGE', 400],
  ['PERMISSION_DENIED', 403],
  ['ALREADY_EXISTS', 409],
  ['CONFLICT', 409],
  ['STILL_REFERENCED', 409],
  ['INVALID_TRANSITION', 409],
  ['REFERENCE_NOT_FOUND', 422],
  ['RESULT_TOO_LARGE', 422],
  ['BUSY', 503],
  ['UNAVAILABLE', 503],
  ['READ_ONLY', 503],
  ['NOT_INITIALIZED', 503],
  ['TIMEOUT', 504],
  ['STORAGE_FULL', 507],
]);

/** Reason phrases of the HTTP statuses, from RFC 9110 and RFC 4918. */
const titles: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [409, 'Conflict'],
  [422, 'Unprocessable Content'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [507, 'Insufficient Storage'],
]);

/** Problem details of RFC 9457, for a response with the media type `application/problem+json`. */
export interface ProblemDetails {
  /**
   * URI of the problem type. Always `about:blank`, which RFC 9457 defines for a problem that the status describes
   * completely. Replace the value if your API documents problem types of its own.
   */
  readonly type: string;
  /** Reason phrase of the HTTP status. */
  readonly title: string;
  readonly status: number;
  /** Message of an error that the client can correct. Absent for all other errors. */
  readonly detail?: string;
  /** Code of the `DatabaseError`. Absent with the status 500. */
  readonly code?: DatabaseErrorCode;
  /** True when the same request may succeed later. Absent with the status 500. */
  readonly retryable?: boolean;
  /** Kind of record that the error is about. Absent when it is unknown, and wherever `detail` is absent. */
  readonly entity?: ErrorEntity;
  /** Path of the field that the error is about. Absent when it is unknown, and wherever `detail` is absent. */
  readonly field?: string;
}

/**
 * Returns the HTTP status for an error. The status is 400 to 422 when the client can correct its request, and 503, 504
 * or 507 when the database cannot serve the request now. For everything else, it is 500, including errors that are not
 * a `DatabaseError`.
 *
 * @example
 * ```ts
 * const status = httpStatusOf(error);
 * if (status >= 500) logger.error({ err: error }, 'request failed');
 * ```
 */
export function httpStatusOf(error: unknown): number {
  return (isDatabaseError(error) ? statuses.get(error.code) : undefined) ?? 500;
}

/**
 * Returns the problem details of RFC 9457 for an error. They tell a client what it can correct, and nothing about the
 * server. An error that the client did not cause has no message, and an error with the status 500 also has no code.
 *
 * @example
 * ```ts
 * const problem = toProblemDetails(error);
 * response.status(problem.status).type('application/problem+json').json(problem);
 * ```
 */
export function toProblemDetails(error: unknown): ProblemDetails {
  const status = httpStatusOf(error);
  const problem = { type: 'about:blank', title: titles.get(status) ?? 'Internal Server Error', status };
  if (status === 500 || !isDatabaseError(error)) return problem;
  const { code, retryable, message, entity, field } = error;
  // Omits the message of PERMISSION_DENIED, because it concerns the server's database role and not the client.
  if (status > 500 || status === 403) return { ...problem, code, retryable };
  return {
    ...problem,
    detail: message,
    code,
    retryable,
    ...(entity === undefined ? undefined : { entity }),
    ...(field === undefined ? undefined : { field }),
  };
}

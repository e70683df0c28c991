import { Failure } from './failure';

/** Creates the failure of a rule that a statement enforces by writing no value to a required column. */
type Refusal = (cause?: unknown) => Failure;

/** Another agent holds the name and version, or a new holder would share them with another agent. */
export const nameTaken: Refusal = (cause) =>
  new Failure('ALREADY_EXISTS', 'name and version are taken by another agent', {
    entity: 'agent',
    field: 'name',
    cause,
  });

/** The agent would be attached to a certificate that is REVOKED. */
export const certificateRevoked: Refusal = (cause) =>
  new Failure('INVALID_TRANSITION', 'certificateId must not be that of a REVOKED certificate', {
    entity: 'certificate',
    field: 'certificateId',
    cause,
  });

const refusals: ReadonlyMap<unknown, Refusal> = new Map([
  ['agents.name', nameTaken],
  ['agents.certificate_id', certificateRevoked],
]);

/**
 * Returns the failure for a new row without a value for `column`, given as `table.column`; undefined for other columns.
 */
export function toRefusal(column: string, cause: unknown): Failure | undefined {
  return refusals.get(column)?.(cause);
}

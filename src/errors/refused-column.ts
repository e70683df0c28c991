import { Failure } from './failure';

/** Makes the failure of a rule that a statement enforces by leaving a column empty that must not be. */
type Refusal = (cause?: unknown) => Failure;

/** The name and version are held by another agent, or are to be held while another agent has them. */
export const nameTaken: Refusal = (cause) =>
  new Failure('ALREADY_EXISTS', 'name and version are taken by another agent', {
    entity: 'agent',
    field: 'name',
    cause,
  });

/** An agent would be attached to a certificate that is REVOKED. */
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

/** Returns what it means that a new row has no value for `column`, given as `table.column`; undefined for other columns. */
export function toRefusal(column: string, cause: unknown): Failure | undefined {
  return refusals.get(column)?.(cause);
}

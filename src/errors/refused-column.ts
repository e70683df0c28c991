import type { DatabaseErrorCode } from './database-error';
import { Failure, reportedFailure, type FailureDetails } from './failure';

/**
 * Rule that an SQL statement enforces. The statement writes NULL to a NOT NULL column when the rule is violated, so
 * that the database rejects the change. The name of the column tells which rule was violated.
 */
interface ColumnRule {
  readonly code: DatabaseErrorCode;
  readonly message: string;
  readonly details: FailureDetails;
}

const uniqueName: ColumnRule = {
  code: 'ALREADY_EXISTS',
  message: 'name and version are already taken by another agent',
  details: { entity: 'agent', field: 'name' },
};

const usableCertificate: ColumnRule = {
  code: 'INVALID_TRANSITION',
  message: 'certificateId must not refer to a REVOKED certificate',
  details: { entity: 'certificate', field: 'certificateId' },
};

const rules: ReadonlyMap<string, ColumnRule> = new Map([
  ['agents.name', uniqueName],
  ['agents.certificate_id', usableCertificate],
]);

/** Creates the failure for a name and version that another agent holds. */
export function nameTaken(): Failure {
  return new Failure(uniqueName.code, uniqueName.message, uniqueName.details);
}

/** Creates the failure for attaching an agent to a REVOKED certificate. */
export function certificateRevoked(): Failure {
  return new Failure(usableCertificate.code, usableCertificate.message, usableCertificate.details);
}

/**
 * Returns the failure of the rule for which a statement writes NULL to `column`, given as `table.column`. Returns
 * undefined for a column without such a rule.
 */
export function toRefusal(column: string, cause: unknown): Failure | undefined {
  const rule = rules.get(column);
  return rule && reportedFailure(rule.code, rule.message, { ...rule.details, cause });
}

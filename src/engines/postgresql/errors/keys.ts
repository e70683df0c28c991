import type { ErrorEntity } from '../../../errors/database-error';
import { Failure } from '../../../errors/failure';

/** Public name of the fields that a constraint protects. */
const uniqueConstraints: Readonly<Record<string, readonly [entity: ErrorEntity, field: string]>> = {
  agents_pkey: ['agent', 'id'],
  certificates_pkey: ['certificate', 'id'],
  certificates_fingerprint_key: ['certificate', 'fingerprint'],
  security_events_pkey: ['securityEvent', 'id'],
};

/** Fault that a duplicate of an internal key indicates. No caller sets such a key. */
interface KeyFault {
  readonly code: 'CORRUPT';
  readonly message: string;
}

const feedCounterBehind: KeyFault = {
  code: 'CORRUPT',
  message: 'the counter of the change feed is behind its highest stored number: migrateDatabase() repairs it',
};
const rowsOfNobody: KeyFault = {
  code: 'CORRUPT',
  message: 'rows of a record that does not exist are in the way: check() names them',
};

/**
 * Internal keys, which no caller sets. The counter of the feed assigns those of its rows. The others begin with the key
 * of a record, which is checked first: only rows without their record cause duplicates.
 */
const innerKeys: Readonly<Record<string, KeyFault>> = {
  changes_pkey: feedCounterBehind,
  endpoints_pkey: rowsOfNobody,
  agent_metadata_pkey: rowsOfNobody,
  certificate_metadata_pkey: rowsOfNobody,
  security_event_metadata_pkey: rowsOfNobody,
};

/** Returns the fault when a unique violation concerns an internal key; undefined for any other violation. */
export function innerKeyFault(error: object): KeyFault | undefined {
  return innerKeys[constraintOf(error)];
}

function constraintOf(error: object): string {
  const { constraint } = error as Readonly<Record<string, unknown>>;
  // Prisma's adapter keeps the name inside an object.
  const name: unknown =
    typeof constraint === 'object' && constraint !== null ? Reflect.get(constraint, 'index') : constraint;
  return String(name);
}

/** Returns the failure of a call whose key is taken, with the entity and the field of the key when they are known. */
export function toAlreadyExists(error: object, cause: unknown): Failure {
  const [entity, field] = uniqueConstraints[constraintOf(error)] ?? [];
  return new Failure('ALREADY_EXISTS', `${field ?? 'a key'} is taken already`, { entity, field, cause });
}

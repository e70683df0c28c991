import type { ErrorEntity } from '../errors/database-error';
import { Failure } from '../errors/failure';
import { maxTimeMs, minTimeMs } from '../input/check';
import { quoteId } from './quote-id';

/*
 * What is read was written by this package, unless another program has written to the tables, too. A value that no call of
 * this package writes fails the read with CORRUPT, which names the record and the field: `check()` lists all such records.
 */

/** The kinds of record that a message names. */
const entityNames: Readonly<Record<ErrorEntity | 'change', string>> = {
  agent: 'agent',
  certificate: 'certificate',
  change: 'change',
  endpoint: 'endpoint',
  securityEvent: 'security event',
};

/** Kind of a stored record. */
export type StoredEntity = keyof typeof entityNames;

/*
 * Single arguments, not an object that names the record: one would be made for each record that is read. `owner` is the
 * agent of an endpoint, whose own id is unique within its agent only.
 */

/** @throws CORRUPT unless a text is stored. */
export function storedText(value: unknown, entity: StoredEntity, id: unknown, field: string, owner?: string): string {
  if (typeof value === 'string') return value;
  throw corrupt({ entity, id, field, owner }, 'is not a text');
}

/** @throws CORRUPT unless a text or nothing is stored. */
export function storedOptionalText(
  value: unknown,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): string | null {
  return value === null ? null : storedText(value, entity, id, field, owner);
}

/** @throws CORRUPT unless one of `choices` is stored. */
export function storedChoice<T extends string>(
  value: unknown,
  choices: ReadonlySet<T>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): T {
  // Whatever it is, the set is asked by identity.
  if (choices.has(value as T)) return value as T;
  throw corrupt({ entity, id, field, owner }, 'is none of the known values');
}

/** @throws CORRUPT unless a truth value is stored: true or false, in SQLite 1 or 0. */
export function storedFlag(value: unknown, entity: StoredEntity, id: unknown, field: string, owner?: string): boolean {
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw corrupt({ entity, id, field, owner }, 'is neither true nor false');
}

/** @throws CORRUPT unless a port is stored. */
export function storedPort(value: unknown, entity: StoredEntity, id: unknown, field: string, owner?: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw corrupt({ entity, id, field, owner }, 'is not an integer from 1 to 65535');
}

/** @throws CORRUPT unless a time of the years 1 to 9999 is stored: an invalid Date would give pages no order, and no end. */
export function storedTime(ms: unknown, entity: StoredEntity, id: unknown, field: string, owner?: string): Date {
  if (typeof ms === 'number' && Number.isInteger(ms) && ms >= minTimeMs && ms <= maxTimeMs) return new Date(ms);
  throw corrupt({ entity, id, field, owner }, 'is not a time of the years 1 to 9999 in whole milliseconds');
}

/** Returns the beginning of a span of time, which may lie before year 1. @throws CORRUPT unless it was made of times. */
export function storedSpan(ms: unknown): Date {
  const start = new Date(typeof ms === 'number' ? ms : Number.NaN);
  if (!Number.isNaN(start.getTime())) return start;
  const message = 'the stored timestamp of a security event is not a time; check() lists all invalid records';
  throw new Failure('CORRUPT', message, { entity: 'securityEvent', field: 'timestamp' });
}

/** @throws CORRUPT unless JSON is stored. */
export function storedJson(text: string, entity: StoredEntity, id: unknown, field: string, owner?: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw corrupt({ entity, id, field, owner }, 'is not valid JSON', cause);
  }
}

/** Where an invalid value is stored. */
interface Place {
  readonly entity: StoredEntity;
  readonly id: unknown;
  readonly field: string;
  readonly owner: string | undefined;
}

function corrupt({ entity, id, field, owner }: Place, fault: string, cause?: unknown): Failure {
  const record = `${entityNames[entity]} ${typeof id === 'string' ? quoteId(id) : 'whose id is not a text'}`;
  const ownedBy = owner === undefined ? '' : ` of agent ${quoteId(owner)}`;
  const message = `the stored ${field} of ${record}${ownedBy} ${fault}; check() lists all invalid records`;
  return new Failure('CORRUPT', message, { entity: entity === 'change' ? undefined : entity, field, cause });
}

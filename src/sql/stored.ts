import type { ErrorEntity } from '../errors/database-error';
import { Failure } from '../errors/failure';
import type { Unchecked } from './model';
import { maxTimeMs, minTimeMs } from './time-range';
import { quoteId } from './quote-id';

/*
 * Functions that check stored values. This package has written every stored value, unless another program has written
 * to the tables. A value that this package never writes makes the read fail with CORRUPT. The message names the record
 * and the field. `check()` lists all such records.
 */

/** Names of the kinds of records in error messages. */
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
 * The functions take separate parameters, because an object of parameters would have to be created for each value that
 * is read. `owner` is the id of the agent that an endpoint belongs to. The message needs it, because endpoints of
 * several agents may have the same id.
 */

/**
 * Returns the stored `value` when it is a text.
 *
 * @throws CORRUPT for any other value
 */
export function storedText(
  value: Unchecked<string>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): string {
  if (typeof value === 'string') return value;
  throw corrupt({ entity, id, field, owner }, 'is not a string');
}

/**
 * Returns the stored `value` when it is a text or null.
 *
 * @throws CORRUPT for any other value
 */
export function storedOptionalText(
  value: Unchecked<string> | null,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): string | null {
  return value === null ? null : storedText(value, entity, id, field, owner);
}

/**
 * Returns the stored `value` when it is one of `choices`.
 *
 * @throws CORRUPT for any other value
 */
export function storedChoice<T extends string>(
  value: Unchecked<string>,
  choices: ReadonlySet<T>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): T {
  // The cast is safe: the value is returned only when `choices` contains it.
  const choice = value as unknown as T;
  if (choices.has(choice)) return choice;
  throw corrupt({ entity, id, field, owner }, 'is not one of the allowed values');
}

/**
 * Converts a stored boolean. SQLite stores 1 for true and 0 for false.
 *
 * @throws CORRUPT for any other value
 */
export function storedFlag(
  value: Unchecked<boolean>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): boolean {
  const flag: unknown = value;
  if (flag === true || flag === 1) return true;
  if (flag === false || flag === 0) return false;
  throw corrupt({ entity, id, field, owner }, 'is not a boolean');
}

/**
 * Returns the stored `value` when it is a port number from 1 to 65535.
 *
 * @throws CORRUPT for any other value
 */
export function storedPort(
  value: Unchecked<number>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw corrupt({ entity, id, field, owner }, 'is not an integer from 1 to 65535');
}

/**
 * Converts a stored time from year 1 to year 9999.
 *
 * @throws CORRUPT for any other value, because pages that are sorted by an invalid Date would have no order and no end.
 */
export function storedTime(
  ms: Unchecked<Date>,
  entity: StoredEntity,
  id: unknown,
  field: string,
  owner?: string,
): Date {
  if (typeof ms === 'number' && Number.isInteger(ms) && ms >= minTimeMs && ms <= maxTimeMs) return new Date(ms);
  throw corrupt({ entity, id, field, owner }, 'is not a time from year 1 to year 9999 in whole milliseconds');
}

/**
 * Converts the start of a time span, which the database has computed from stored times. The start can be before year 1.
 *
 * @throws CORRUPT when `ms` is not a valid time, because one of the stored values is not a time
 */
export function storedSpan(ms: unknown): Date {
  const start = new Date(typeof ms === 'number' ? ms : Number.NaN);
  if (!Number.isNaN(start.getTime())) return start;
  const message = 'the stored timestamp of a security event is not a time: run check() to list all invalid records';
  throw new Failure('CORRUPT', message, { entity: 'securityEvent', field: 'timestamp' });
}

/**
 * Parses a stored JSON text.
 *
 * @throws CORRUPT for invalid JSON
 */
export function storedJson(text: string, entity: StoredEntity, id: unknown, field: string, owner?: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw corrupt({ entity, id, field, owner }, 'is not valid JSON', cause);
  }
}

/** Record and field of an invalid stored value. */
interface Place {
  readonly entity: StoredEntity;
  readonly id: unknown;
  readonly field: string;
  readonly owner: string | undefined;
}

function corrupt({ entity, id, field, owner }: Place, fault: string, cause?: unknown): Failure {
  const record = `${entityNames[entity]} ${typeof id === 'string' ? quoteId(id) : 'whose id is not a string'}`;
  const ownedBy = owner === undefined ? '' : ` of agent ${quoteId(owner)}`;
  const message = `the stored ${field} of ${record}${ownedBy} ${fault}: run check() to list all invalid records`;
  return new Failure('CORRUPT', message, { entity: entity === 'change' ? undefined : entity, field, cause });
}

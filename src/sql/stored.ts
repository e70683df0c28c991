import type { ErrorEntity } from '../errors/database-error';
import { Failure } from '../errors/failure';

/** The furthest time that a Date can hold, in milliseconds. */
const furthestMs = 8.64e15;

/*
 * What is read was written by this package, unless another program has written to the tables, too. Where no value could be
 * given that means anything, the read fails: `check()` names the record.
 */

/** @throws CORRUPT where no time is stored: an invalid Date would order pages by nothing, and they would have no end. */
export function storedTime(ms: number, entity: ErrorEntity | undefined, field: string): Date {
  if (Number.isInteger(ms) && Math.abs(ms) <= furthestMs) return new Date(ms);
  throw new Failure('CORRUPT', `the ${field} that is stored is no time`, { entity, field });
}

/** @throws CORRUPT where no JSON is stored. */
export function storedJson(text: string, entity: ErrorEntity, field: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Failure('CORRUPT', 'what is stored is no JSON', { entity, field, cause });
  }
}

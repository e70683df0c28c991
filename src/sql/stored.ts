import { Failure, type FailureContext } from '../errors/failure';

type Place = Pick<FailureContext, 'entity' | 'field'>;

/** The furthest time that a Date can hold, in milliseconds. */
const furthestMs = 8.64e15;

/*
 * What is read was written by this package, unless another program has written to the tables, too. Where no value could be
 * given that means anything, the read fails: `check()` names the record.
 */

/** @throws CORRUPT where no time is stored: an invalid Date would order pages by nothing, and they would have no end. */
export function storedTime(ms: number, place: Place): Date {
  if (Number.isInteger(ms) && Math.abs(ms) <= furthestMs) return new Date(ms);
  throw new Failure('CORRUPT', `the ${place.field ?? 'time'} that is stored is no time`, place);
}

/** @throws CORRUPT where no JSON is stored. */
export function storedJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Failure('CORRUPT', 'what is stored is no JSON', { ...place, cause });
  }
}

import { decodeCursor, encodeCursor, fingerprintOf, type CursorValue } from '../../query/cursor';
import type { EventPlace } from './builder';
import type { EventFilter } from '../validation';
import type { SecurityEvent } from '../types';

/** The cursors of a query's pages. */
export class EventCursors {
  readonly #fingerprint: string;

  constructor(filter: EventFilter | null) {
    this.#fingerprint = fingerprintOf('events', filter);
  }

  /** The cursor of the place after an event. */
  encode({ timestamp, id }: SecurityEvent): string {
    return encodeCursor(this.#fingerprint, [timestamp.getTime(), id]);
  }

  /** @throws INVALID_INPUT */
  decode(cursor: string): EventPlace {
    return decodeCursor(cursor, this.#fingerprint, isPlace);
  }
}

function isPlace(key: readonly CursorValue[]): key is EventPlace {
  return key.length === 2 && typeof key[0] === 'number' && typeof key[1] === 'string';
}

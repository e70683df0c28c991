import { decodeCursor, encodeCursor, fingerprintOf, type CursorValue } from '../../query/cursor';
import type { SecurityEvent } from '../types';
import type { EventPosition } from './builder';
import type { EventFilter } from './filter-fields';

/** Cursors for the pages of one event query. */
export class EventCursors {
  readonly #fingerprint: string;

  constructor(filter: EventFilter | null) {
    this.#fingerprint = fingerprintOf('events', filter);
  }

  /** Returns the cursor of the position after an event. */
  encode({ timestamp, id }: SecurityEvent): string {
    return encodeCursor(this.#fingerprint, [timestamp.getTime(), id]);
  }

  /**
   * Returns the keyset position of a cursor of an event query.
   *
   * @throws INVALID_INPUT when the cursor does not belong to this query
   */
  decode(cursor: string): EventPosition {
    return decodeCursor(cursor, this.#fingerprint, isPosition);
  }
}

function isPosition(key: readonly CursorValue[]): key is EventPosition {
  return key.length === 2 && typeof key[0] === 'number' && typeof key[1] === 'string';
}

import { decodeCursor, encodeCursor, fingerprintOf, type CursorValue } from '../../query/cursor';
import { AgentStatus, type AgentRecord } from '../types';
import type { AgentOrderField } from './types';
import { toVersionKey } from '../version-key';
import type { AgentFilter } from './filter-fields';
import { orderColumns, type AgentOrder, type AgentPosition } from './order';

/** Encodes and decodes the cursors of one query of agents. */
export class AgentCursors {
  readonly #fingerprint: string;
  readonly #field: AgentOrderField;

  constructor(filter: AgentFilter | null, order: AgentOrder) {
    this.#fingerprint = fingerprintOf('agents', filter === null ? null : { ...filter, order });
    this.#field = order.field;
  }

  encode(record: AgentRecord): string {
    return encodeCursor(this.#fingerprint, [orderValueOf(record, this.#field), record.id]);
  }

  /**
   * Returns the keyset position that a cursor contains.
   *
   * @throws INVALID_INPUT when the cursor does not belong to this query
   */
  decode(cursor: string): AgentPosition {
    const isPosition = (key: readonly CursorValue[]): key is readonly [AgentPosition['value'], string] =>
      key.length === 2 && isOrderValue(key[0], this.#field) && typeof key[1] === 'string';
    const [value, id] = decodeCursor(cursor, this.#fingerprint, isPosition);
    return { value, id };
  }
}

function orderValueOf(record: AgentRecord, field: AgentOrderField): AgentPosition['value'] {
  if (field === 'version') return toVersionKey(record.version);
  const value = record[field];
  return typeof value === 'string' ? value : value.getTime();
}

function isOrderValue(value: CursorValue | undefined, field: AgentOrderField): boolean {
  if (field === 'status') return Object.values<unknown>(AgentStatus).includes(value);
  const { type } = orderColumns[field];
  if (type === 'time') return typeof value === 'number';
  return typeof value === 'string' || (type === 'version' && value === null);
}

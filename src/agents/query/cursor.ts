import { decodeCursor, encodeCursor, fingerprintOf, type CursorValue } from '../../validation/cursor';
import type { AgentFilter, AgentOrder } from './validation';
import type { AgentOrderField, AgentRecord } from '../types';
import { toVersionKey } from '../version-key';

/** The place after an agent: what it is ordered by, and its id. Times in milliseconds since 1970. */
export interface AgentPlace {
  /** Null for a version that is no semantic one, which comes last. */
  readonly value: string | number | null;
  readonly id: string;
}

const timeFields: ReadonlySet<AgentOrderField> = new Set(['createdAt', 'updatedAt', 'expiresAt']);

/** The cursors of a query's pages. */
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

  /** @throws INVALID_INPUT */
  decode(cursor: string): AgentPlace {
    const isKey = (key: readonly CursorValue[]): key is readonly [AgentPlace['value'], string] =>
      key.length === 2 && isOrderValue(key[0], this.#field) && typeof key[1] === 'string';
    const [value, id] = decodeCursor(cursor, this.#fingerprint, isKey);
    return { value, id };
  }
}

function orderValueOf(record: AgentRecord, field: AgentOrderField): AgentPlace['value'] {
  if (field === 'version') return toVersionKey(record.version);
  const value = record[field];
  return typeof value === 'string' ? value : value.getTime();
}

function isOrderValue(value: CursorValue | undefined, field: AgentOrderField): boolean {
  if (timeFields.has(field)) return typeof value === 'number';
  return typeof value === 'string' || (field === 'version' && value === null);
}

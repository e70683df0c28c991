import type { DatabaseError } from '../errors/database-error';

/** Options of a call that writes many records. */
export interface BatchOptions {
  /**
   * Handling of a refused record. `abort`: throws the first error, and writes nothing. `collect`: writes the other
   * records in batches of up to 500 records, each batch in a separate transaction.
   *
   * @defaultValue `abort`
   */
  onError?: 'abort' | 'collect' | undefined;
  /** Listener that is called after each batch, with the number of processed records and the total number of records. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Result of one record that a call with `onError: 'collect'` refused. `id` is absent when the id of the record is
 * missing or not a string.
 */
export interface RefusedResult {
  readonly ok: false;
  readonly id?: string;
  readonly error: DatabaseError;
}

/** Result of one record of `createMany`. */
export type CreateResult = { readonly ok: true; readonly id: string } | RefusedResult;

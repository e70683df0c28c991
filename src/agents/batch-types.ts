import type { BatchOptions, RefusedResult } from '../options/batch-options';
import type { RevokedCertificateOptions } from './types';

/** Options of `updateMany`. */
export interface UpdateManyOptions extends RevokedCertificateOptions, BatchOptions {}

/** Result of one update of `updateMany`. `changed` is false when the agent does not exist. */
export type UpdateResult = { readonly ok: true; readonly id: string; readonly changed: boolean } | RefusedResult;

/** Options of `upsertMany`. */
export interface UpsertManyOptions extends RevokedCertificateOptions {
  /**
   * Fields by which `upsertMany` finds a stored agent: its id, or its owner, name and version. With `id`, every given
   * agent must have an id. With `owner-name-version`, a given agent can omit its id; otherwise the id must be that of
   * the stored agent.
   */
  by: 'id' | 'owner-name-version';
  /** Listener that is called after each batch, with the number of processed agents and the number of all agents. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Result of one agent of `upsertMany`. */
export interface UpsertResult {
  readonly id: string;
  /**
   * Change of the stored data. `unchanged` means that nothing was written, because the stored agent already has every
   * given value.
   */
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

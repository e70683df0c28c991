import type { AgentUpdate, RevokedCertificateOptions } from './types';

/** Change of all agents that match a query: an {@link AgentUpdate} without the id. */
export type AgentPatch = Omit<AgentUpdate, 'id'>;

/** Options of `deleteWhere`. */
export interface DeleteWhereOptions {
  /**
   * Required number of matching agents. When another number matches, the call fails with CONFLICT and changes nothing.
   *
   * @defaultValue any number
   */
  expect?: number | undefined;
}

/** Options of `updateWhere`. */
export interface UpdateWhereOptions extends DeleteWhereOptions, RevokedCertificateOptions {}

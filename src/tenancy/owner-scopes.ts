import type { OwnerTransactionScope } from './owner-transaction-scope';
import type { OwnerScopeOptions } from './types';

/** Method `forOwner`, which limits the calls of a database, or of a transaction, to one owner. */
export interface OwnerScopes {
  /**
   * Returns calls that are limited to the agents of one owner, and to the certificates that only these agents hold. For
   * these calls, the records of other owners do not exist. An input without `owner` gets this owner. An input with
   * another `owner` fails with INVALID_INPUT. Sends no statement, and works before `initialize()`.
   *
   * @param owner - for example the tenant of the present request.
   * @throws INVALID_INPUT when `owner` is empty or is not a string, or when an option is invalid.
   * @example
   * ```ts
   * const scope = db.forOwner(owner, { access: 'read' });
   * const agents = await scope.agents.query({ capabilities: ['plan'] });
   * ```
   */
  forOwner(owner: string, options?: OwnerScopeOptions): OwnerTransactionScope;
}

import type { ServiceSettings } from '../options/service-settings';
import type { TransactionOptions } from '../options/transaction-options';
import type { Session } from '../storage/session';
import { OwnerTransactionScope } from './owner-transaction-scope';
import type { OwnerScopeOptions } from './types';

/**
 * Function that runs `work` in one transaction of the database. `toScope` creates the argument of `work`.
 *
 * @internal
 */
export type RunTransaction = <S, T>(
  toScope: (session: Session) => S,
  work: (scope: S) => T | Promise<T>,
  options: TransactionOptions | undefined,
) => Promise<T>;

/**
 * Calls of a database that are limited to the records of one owner. For these calls, the records of other owners do not
 * exist. See `docs/multi-tenancy.md` for the exceptions.
 */
export class OwnerScope extends OwnerTransactionScope {
  readonly #toScope: (session: Session) => OwnerTransactionScope;
  readonly #runTransaction: RunTransaction;

  /** Creates a scope that is limited to one owner. Only this package calls it. @internal */
  constructor(
    session: Session,
    settings: ServiceSettings,
    runTransaction: RunTransaction,
    owner: string,
    options?: OwnerScopeOptions,
  ) {
    super(session, settings, owner, options);
    this.#toScope = (inside) => new OwnerTransactionScope(inside, settings, owner, options);
    this.#runTransaction = runTransaction;
  }

  /**
   * Runs `work` in one transaction, as `db.transaction` does. The argument of `work` is a scope of the same owner, with
   * the same access.
   *
   * @returns the result of `work`, after the commit.
   * @throws the error of `work`, unchanged, after the rollback, and the other errors of `db.transaction`.
   * @example
   * ```ts
   * const isRenewed = await db.forOwner(owner).transaction(async (scope) => {
   *   if (!(await scope.agents.setStatus(id, 'ACTIVE'))) return false;
   *   return scope.agents.renew(id, new Date('2030-01-01'));
   * });
   * console.log(isRenewed);
   * ```
   */
  transaction<T>(work: (scope: OwnerTransactionScope) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#runTransaction(this.#toScope, work, options);
  }
}

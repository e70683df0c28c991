import { sql, type Sql } from '../sql/sql';
import { defineStatement, type SqlValue, type Statement } from '../sql/statement';

/**
 * Defines a statement in two forms: one for the records of all owners, and one for the records of a single owner.
 *
 * @param compose - composes the SQL, as for `defineStatement`. `owner` is the placeholder for the owner; it is
 * undefined in the form for all owners.
 */
export function defineOwned<P extends Readonly<Record<string, SqlValue>>>(
  compose: (parameter: (name: keyof P & string) => Sql, owner: Sql | undefined) => Sql,
): (parameters: P, owner: string | undefined) => Statement {
  const ofAny = defineStatement<P>((p) => compose(p, undefined));
  const ofOwner = defineStatement<P & { owner: string }>((p) => compose(p, p('owner')));
  return (parameters, owner) => (owner === undefined ? ofAny(parameters) : ofOwner({ ...parameters, owner }));
}

/** Composes ` AND` with the condition that a column equals the owner; empty SQL when `owner` is undefined. */
export function andOwner(column: Sql, owner: Sql | undefined): Sql {
  return owner === undefined ? sql`` : sql` AND ${column} = ${owner}`;
}

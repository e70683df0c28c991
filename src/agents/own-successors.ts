import type { Executor } from '../storage/executor';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { sql } from '../sql/sql';
import { defineStatement } from '../sql/statement';
import type { Deprecation } from './version-types';

const selectOwnedIds = memoizeByDialect((dialect) =>
  defineStatement<{ ids: string; owner: string }>(
    (p) => sql`SELECT a.id FROM agents a WHERE a.id IN (${dialect.jsonArrayElements(p('ids'))})
      AND ${dialect.unindexed(sql`a.owner`)} = ${p('owner')}`,
  ),
);

/**
 * Removes from deprecations the successors of other owners. Returns the records unchanged when they may have any owner.
 * A successor can be of another owner when it was given to that owner, or when an unlimited call named it.
 *
 * The second statement is later than the one that has read the records. It decides, so a successor is shown only while
 * its owner is `scopeOwner`.
 */
export async function withOwnSuccessors<T extends { deprecation?: Deprecation } | null>(
  executor: Executor,
  records: T[],
  scopeOwner: string | undefined,
): Promise<T[]> {
  if (scopeOwner === undefined) return records;
  const ids = new Set(records.flatMap((record) => record?.deprecation?.successorId ?? []));
  if (ids.size === 0) return records;
  const parameters = { ids: JSON.stringify([...ids]), owner: scopeOwner };
  const rows = await executor.query(selectOwnedIds(executor.dialect)(parameters));
  const own = new Set(rows.map(([id]) => id));
  return records.map((record) => {
    if (record?.deprecation?.successorId === undefined || own.has(record.deprecation.successorId)) return record;
    // The record may be frozen and shared, because it comes from the cache.
    const deprecation = { ...record.deprecation };
    delete deprecation.successorId;
    return { ...record, deprecation };
  });
}

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
 * Removes the ids of successors that do not belong to `scopeOwner` from the deprecations of records. Returns the
 * records unchanged when `scopeOwner` is undefined. A successor can have another owner after a transfer, or when a call
 * without an owner scope has named it.
 *
 * A second statement reads the owners of the successors, after the statement that read the records. So the id of a
 * successor is shown only if its owner is `scopeOwner` at that later time.
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
    // Copies the record instead of changing it: a record from the cache is frozen, and other callers share it.
    const deprecation = { ...record.deprecation };
    delete deprecation.successorId;
    return { ...record, deprecation };
  });
}

import { parseTexts } from '../../query/common-terms';
import { raw, sql } from '../../sql/sql';
import { inJsonArray } from '../../sql/statement';
import { field, rankOf } from './filter-term';

/** Defines a query field for agents whose name or owner is one of a list. The list can have any length. */
export function oneOfTexts(columnName: 'name' | 'owner', rank: 'exactName' | 'owner') {
  const column = raw(columnName);
  return field({
    parse: (value, path, checks) =>
      columnName === 'owner'
        ? checks.list(value, path, (owner, at) => checks.name(checks.owner(owner, at), at))
        : parseTexts(value, path, checks),
    condition: ({ bind }, { dialect }) => {
      const list = bind((texts: readonly string[]) => JSON.stringify(texts));
      // Uses IS TRUE, so that the database builds the list once and looks up each agent in it. Only the candidate
      // source may find agents by the list.
      return sql`(${inJsonArray(dialect, sql`a.${column}`, list)}) IS TRUE`;
    },
    source: ({ bind }, { dialect }) => {
      const elements = dialect.jsonArrayElements(bind((texts) => JSON.stringify(texts)));
      return {
        rank: rankOf[rank],
        candidates: sql`SELECT n.id FROM agents n WHERE ${dialect.inSubquery(sql`n.${column}`, elements)}`,
        hasDuplicates: false,
        isExact: true,
        isOwnColumn: false,
      };
    },
  });
}

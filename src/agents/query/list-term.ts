import { parseTexts } from '../../query/common-terms';
import { raw, sql } from '../../sql/sql';
import { inJsonArray } from '../../sql/statement';
import { field, rankOf } from './filter-term';

/** Defines the field for agents whose text in an indexed column is one of a list of any length. */
export function oneOfTexts(columnName: 'name' | 'owner', rank: 'exactName' | 'owner') {
  const column = raw(columnName);
  return field({
    parse: (value, path, checks) =>
      columnName === 'owner'
        ? checks.list(value, path, (owner, at) => checks.name(checks.owner(owner, at), at))
        : parseTexts(value, path, checks),
    condition: ({ bind }, { dialect }) => {
      const list = bind((texts: readonly string[]) => JSON.stringify(texts));
      // IS TRUE makes both engines build the list once and only look up each agent in it. The source finds agents by it.
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

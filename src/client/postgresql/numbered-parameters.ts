import { StatementCache } from '../statement-cache';

/** Statements whose texts do not depend on a call are fewer than this. */
const texts = new StatementCache<string>(256);

/** The same SQL with `$1`, `$2`, … for its question marks: no statement of the package has one for anything else. */
export function toNumberedParameters(sql: string): string {
  return texts.getOrAdd(sql, () => {
    let count = 0;
    return sql.replace(/\?/g, () => `$${(count += 1)}`);
  });
}

import { StatementTextCache } from '../../sql/statement-text-cache';

const maxTexts = 512;
const texts = new StatementTextCache<string>(maxTexts);

/** Returns the SQL in the server's form: `$1`, `$2`, … replace the question marks, each of which is a parameter. */
export function toNumbered(sql: string): string {
  return texts.getOrAdd(sql, () => {
    let count = 0;
    return sql.replace(/\?/g, () => `$${(count += 1)}`);
  });
}

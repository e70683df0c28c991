import { TextCache } from '../../sql/text-cache';

const maxTexts = 512;
const texts = new TextCache<string>(maxTexts);

/** Returns the SQL as the server takes it: with `$1`, `$2`, … for the question marks, which are nothing but parameters. */
export function toNumbered(sql: string): string {
  return texts.getOrAdd(sql, () => {
    let count = 0;
    return sql.replace(/\?/g, () => `$${(count += 1)}`);
  });
}

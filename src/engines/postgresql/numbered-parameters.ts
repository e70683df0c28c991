import { FrequentTextCache } from '../../sql/frequent-text-cache';

const maxTexts = 512;
const texts = new FrequentTextCache<string>(maxTexts);

/** Returns SQL in which `$1`, `$2` and so on replace the question marks. Every question mark must be a parameter. */
export function toNumbered(sql: string): string {
  return texts.getOrAdd(sql, () => {
    let count = 0;
    return sql.replace(/\?/g, () => `$${(count += 1)}`);
  });
}

import { sql, type Sql } from './sql';
import type { SqlValue, Statement } from './statement';
import { FrequentTextCache } from './frequent-text-cache';

/**
 * Function that composes a bound parameter. For each call, `read` returns the value of the parameter from the input of
 * the call.
 */
export type Bind<Input> = (read: (input: Input) => SqlValue) => Sql;

/** Cached SQL text, with a function for each bound parameter that returns its value. */
interface CachedText<Input> {
  readonly text: string;
  readonly readers: readonly ((input: Input) => SqlValue)[];
}

/** Maximum number of SQL texts that are cached for one statement. */
const maxTexts = 256;

/**
 * Defines a statement whose SQL text depends only on the cache key of its input. The text is composed once for each
 * key. For example, all queries by `owner` have one key and one text, and differ in the bound owner.
 *
 * @param cacheKeyOf - returns the cache key: plain data.
 * @param compose - composes the SQL for a key. It does not receive the input, so it can only bind the input's values as
 * parameters.
 * @param textOf - returns a text that is different for each cache key. Default: the JSON text of the key.
 */
export function defineCachedStatement<Input, Key extends object>(
  cacheKeyOf: (input: Input) => Key,
  compose: (key: Key, bind: Bind<Input>) => Sql,
  textOf: (key: Key) => string = JSON.stringify,
): (input: Input) => Statement {
  const cache = new FrequentTextCache<CachedText<Input>>(maxTexts);
  return (input) => {
    const key = cacheKeyOf(input);
    const { text, readers } = cache.getOrAdd(textOf(key), () => {
      const composed = compose(key, (read) => sql`${read}`);
      // The cast is safe: `bind` is the only way for `compose` to add a value, so all values are functions.
      return { text: composed.sql, readers: composed.values as CachedText<Input>['readers'] };
    });
    return { sql: text, args: readers.map((read) => read(input)) };
  };
}

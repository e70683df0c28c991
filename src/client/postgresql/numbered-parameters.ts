import { TextCache } from '../../sql/text-cache';

/** SQL as the server takes it. */
export interface NumberedStatement {
  /** With `$1`, `$2`, … for its question marks: no statement of the package has one for anything else. */
  readonly text: string;
  /** Under which name a connection may keep the plan; undefined where so many have one that it is one too many. */
  readonly name: string | undefined;
}

/** Statements whose texts do not depend on a call are fewer than this. A connection keeps a plan for as many at most. */
const maxTexts = 256;
const texts = new TextCache<NumberedStatement>(maxTexts);
let named = 0;

/** What the server is sent for the SQL of the package. */
export function toNumbered(sql: string): NumberedStatement {
  return texts.getOrAdd(sql, () => {
    let count = 0;
    const text = sql.replace(/\?/g, () => `$${(count += 1)}`);
    return { text, name: named < maxTexts ? `ans_${(named += 1)}` : undefined };
  });
}

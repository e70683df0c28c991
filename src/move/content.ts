import { createHash } from 'node:crypto';
import type { Row } from './table';

/** Digest of a table's content. Two tables have the same digest if and only if their rows are equal. */
export interface Content {
  readonly rows: number;
  /**
   * SHA-256 hash of all rows in the order of the primary key. Each row is hashed as a JSON array of its values and a
   * line feed, in UTF-8.
   */
  readonly sha256: string;
}

/** Reads all rows of a table in batches, in the order of the primary key, and returns the digest of the table. */
export async function contentOf(
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  onRows: (count: number) => void = () => undefined,
): Promise<Content> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const batch of batches) {
    for (const row of batch) hash.update(`${JSON.stringify(row)}\n`);
    rows += batch.length;
    onRows(batch.length);
  }
  return { rows, sha256: hash.digest('hex') };
}

export function isSameContent(one: Content, other: Content): boolean {
  return one.rows === other.rows && one.sha256 === other.sha256;
}

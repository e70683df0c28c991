/** Maximum number of rows in memory, and approximate maximum number of their characters. */
export interface BatchLimits {
  readonly rows: number;
  readonly characters: number;
}

/** Divides rows into batches within the limits. A row that alone exceeds the limits becomes a batch of one row. */
export function* inBatches<T extends readonly unknown[]>(rows: Iterable<T>, limits: BatchLimits): Generator<T[]> {
  let batch: T[] = [];
  let characters = 0;
  for (const row of rows) {
    const length = lengthOf(row);
    if (batch.length > 0 && (batch.length >= limits.rows || characters + length > limits.characters)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(row);
    characters += length;
  }
  if (batch.length > 0) yield batch;
}

function lengthOf(row: readonly unknown[]): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}

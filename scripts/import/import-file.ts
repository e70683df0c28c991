import type { DatabaseService } from '../../src';
import type { Progress } from '../../src/console/progress';
import { loadBatch, type NumberedRow } from './load-batch';
import { parseLine } from './parse-line';
import { readLines } from '../../src/move/read-lines';
import { RefusedError } from './row';
import { Summary } from './summary';

/**
 * Imports a file, with one transaction for each `batchSize` rows. The memory use does not depend on the size of the
 * file.
 */
export async function importFile(
  db: DatabaseService,
  path: string,
  batchSize: number,
  progress: Progress,
): Promise<Summary> {
  const summary = new Summary();
  const now = new Date();
  let batch: NumberedRow[] = [];
  const flush = async (): Promise<void> => {
    await load(db, batch, summary);
    batch = [];
  };
  for await (const line of readLines(path)) {
    try {
      const row = parseLine(line, now);
      if (row !== undefined) batch.push({ lineNumber: line.number, row });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      summary.refuse(error.message, line.number);
    }
    if (batch.length >= batchSize) {
      await flush();
      progress.update(line.endOffset, summary.total);
    }
  }
  await flush();
  return summary;
}

async function load(db: DatabaseService, batch: readonly NumberedRow[], summary: Summary): Promise<void> {
  if (batch.length === 0) return;
  for (const { row, lineNumber, error } of await loadBatch(db, batch)) {
    if (error === undefined) {
      summary.loaded[row.kind] += 1;
      if (row.kind !== 'agent') continue;
      summary.endpointsWithoutPort += row.endpointsWithoutPort;
      summary.emptyCapabilities += row.emptyCapabilities;
    } else if (error.code === 'ALREADY_EXISTS') {
      summary.existing += 1;
    } else {
      summary.refuse(error.message, lineNumber);
    }
  }
}

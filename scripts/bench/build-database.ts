import SqliteDriver from 'better-sqlite3';
import { DatabaseService } from '../../src';
import { agentAt, certificateAt, eventAt } from './data';

const batchSize = 1000;

/** Fills a database through the package, which so has the schema and the derived columns that it needs. */
export async function buildDatabase(path: string, agentCount: number): Promise<void> {
  await using db = new DatabaseService({ url: `file:${path}` });
  await db.initialize();
  await inBatches(agentCount, (first, end) =>
    db.transaction(async (tx) => {
      for (let index = first; index < end; index += 1) {
        await tx.createCertificate(certificateAt(index));
        await tx.createAgent(agentAt(index, agentCount));
      }
    }),
  );
  await inBatches(agentCount * 10, (first, end) =>
    db.transaction(async (tx) => {
      for (let index = first; index < end; index += 1) await tx.recordSecurityEvent(eventAt(index, agentCount * 10));
    }),
  );
}

/** Leaves the whole database in its one file, so that a copy of that is a copy of all. */
export function settleDatabase(path: string, analyze: boolean): void {
  const driver = new SqliteDriver(path);
  if (analyze) driver.exec('ANALYZE');
  driver.pragma('wal_checkpoint(TRUNCATE)');
  driver.close();
}

async function inBatches(count: number, work: (first: number, end: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += batchSize) await work(first, Math.min(count, first + batchSize));
}

import type { Build } from '../builds';
import { agentAt, certificateAt, eventAt, type DatabaseSize } from '../data';

const batchSize = 1000;

/** Fills a new database through a build of the package, which creates the schema and the derived columns. */
export async function fillDatabase(
  { DatabaseService }: Build,
  url: string,
  { agentCount, eventCount }: DatabaseSize,
): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await inBatches(agentCount, (indexes) =>
    db.transaction(async (tx) => {
      for (const index of indexes) await tx.createCertificate(certificateAt(index));
      await tx.agents.createMany(indexes.map((index) => agentAt(index, agentCount)));
    }),
  );
  await inBatches(eventCount, (indexes) => db.events.recordMany(indexes.map((index) => eventAt(index, eventCount))));
}

async function inBatches(count: number, write: (indexes: readonly number[]) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += batchSize) {
    await write(Array.from({ length: Math.min(batchSize, count - start) }, (_, offset) => start + offset));
  }
}

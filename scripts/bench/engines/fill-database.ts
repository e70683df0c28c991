import type { Build } from '../builds';
import { agentAt, certificateAt, eventAt } from '../data';

const batchSize = 1000;

/** Fills a database through a build of the package, which also creates its schema and its derived columns. */
export async function fillDatabase({ DatabaseService }: Build, url: string, agentCount: number): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await inBatches(agentCount, (first, end) =>
    db.transaction(async (tx) => {
      for (let index = first; index < end; index += 1) await tx.createCertificate(certificateAt(index));
      await tx.agents.createMany(valuesAt(first, end, (index) => agentAt(index, agentCount)));
    }),
  );
  await inBatches(agentCount * 10, async (first, end) => {
    await db.events.recordMany(valuesAt(first, end, (index) => eventAt(index, agentCount * 10)));
  });
}

async function inBatches(count: number, work: (first: number, end: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += batchSize) await work(first, Math.min(count, first + batchSize));
}

function valuesAt<T>(first: number, end: number, valueAt: (index: number) => T): T[] {
  return Array.from({ length: end - first }, (_, place) => valueAt(first + place));
}

import { DatabaseService, type MaintenanceReport } from '../../src';

/**
 * Maintains the database at `url` until a call has found nothing to do, with all tasks. Prints the sums of the counts.
 */
async function main(url: string, before: Date): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  const options = { expire: true, pruneChanges: { before }, pruneEvents: { before }, checkpoint: true, optimize: true };
  const reports: MaintenanceReport[] = [];
  for (let round = 0; round < 5; round += 1) reports.push(await db.maintain(options));
  await db.close();
  const sum = (field: 'agentsExpired' | 'certificatesExpired' | 'changesPruned' | 'eventsPruned') =>
    reports.reduce((total, report) => total + report[field], 0);
  const counts = [sum('agentsExpired'), sum('certificatesExpired'), sum('changesPruned'), sum('eventsPruned')];
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

const [url = '', before = ''] = process.argv.slice(2);
void main(url, new Date(before));

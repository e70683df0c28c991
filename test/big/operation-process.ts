import { readFileSync } from 'node:fs';
import { DatabaseService } from '../../src';
import { operations, type OperationName, type Outcome } from './operations';

/** Output of a process that runs one operation. */
export interface OperationReport {
  readonly outcome: Outcome;
  readonly seconds: number;
  /** Memory of the process after the database was opened, and its peak memory. */
  readonly openedBytes: number;
  readonly peakBytes: number;
}

// On Linux maxRSS begins with the memory of the process that started this one, unlike VmHWM.
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

async function main(url: string, name: OperationName, agents: number, events: number): Promise<void> {
  const db = new DatabaseService({ url });
  await db.initialize();
  const openedBytes = process.memoryUsage.rss();
  const start = performance.now();
  const outcome = await operations[name](db, { agents, events });
  const seconds = (performance.now() - start) / 1000;
  // Buffers are outside the limited heap, so that only the peak memory of the process includes them.
  const peakBytes = peakKilobytes() * 1024;
  await db.close();
  const report: OperationReport = { outcome, seconds, openedBytes, peakBytes };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const [url = '', name = '', agents = '0', events = '0'] = process.argv.slice(2);
// The test starts this process with one of these names.
void main(url, name as OperationName, Number(agents), Number(events));

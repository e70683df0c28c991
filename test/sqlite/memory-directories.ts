import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nextLine, startProcess, type TestProcess } from '../support/child-process';
import { afterTest } from '../support/test-database';

/** Reason why directories of databases in memory cannot be found on this system; undefined when they can. */
export const whyNoMemoryDirectories =
  existsSync('/proc/self/maps') && existsSync('/dev/shm') ? undefined : 'the system has no /dev/shm or /proc';

/** Returns the directories of databases in memory that a process has open. */
export function directoriesOf(pid: number | 'self'): string[] {
  const found = readFileSync(`/proc/${pid}/maps`, 'utf8').match(/\/\S+\/ans-database-\w{6}(?=\/)/g);
  return [...new Set(found)];
}

/** Starts a process that has a database in memory open. */
export async function startWithMemory(): Promise<TestProcess & { readonly directory: string }> {
  const process = startProcess(join(__dirname, '../faults/sqlite/guarded-process.ts'), ':memory:');
  expect(await nextLine(process)).toBe('open');
  const [directory = ''] = directoriesOf(process.child.pid ?? 0);
  expect(existsSync(directory)).toBe(true);
  afterTest(() => rmSync(directory, { recursive: true, force: true }));
  return { ...process, directory };
}

import type { Open } from './contender';

/** Opens a database, reads one agent and ends, like a process that is started for one answer. */
export async function answerOnce(open: Open): Promise<void> {
  const [location = '', id = ''] = process.argv.slice(2);
  const contender = await open(location);
  if ((await contender.getAgent(id)) === null) throw new Error(`the agent ${id} does not exist`);
  // Reports the wall-clock time, because `process.hrtime` has another origin in each process. The parent process
  // subtracts the time at which it started this process.
  process.stdout.write(String(Date.now()));
  await contender.close();
}

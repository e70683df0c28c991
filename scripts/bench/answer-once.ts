import type { Open } from './contender';

/** Opens a database, reads one agent of it, and ends, as a process that is started for one question. */
export async function answerOnce(open: Open): Promise<void> {
  const [location = '', id = ''] = process.argv.slice(2);
  const contender = await open(location);
  if ((await contender.getAgent(id)) === null) throw new Error('the agent is not there');
  // `process.hrtime` counts from a different moment in each process; the parent subtracts the time of the start.
  process.stdout.write(String(Date.now()));
  await contender.close();
}

import { createInterface } from 'node:readline';
import { DatabaseService, type UpsertResult } from '../../src';
import { agentInput } from '../support/factories';

/** Outcomes of one call of a process, by the name of the agent. */
export type UpsertReport = Readonly<Record<string, UpsertResult['outcome']>>;

/** Keys of the agents of a round, and the description that a process gives them. */
export interface UpsertOrder {
  readonly round: number;
  readonly keys: readonly number[];
  readonly description: string;
}

/**
 * Upserts the agents of each order that arrives on the standard input in the database at `url`, and prints the outcomes.
 */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  process.stdout.write('ready\n');
  for await (const line of createInterface(process.stdin)) {
    // The test writes only orders.
    const { round, keys, description } = JSON.parse(line) as UpsertOrder;
    const agents = keys.map((key) =>
      agentInput({ certificateId: 'shared', name: `n${key}`, owner: `o${round}`, description }),
    );
    const results = await db.agents.upsertMany(agents, { by: 'owner-name-version' });
    const report: UpsertReport = Object.fromEntries(results.map(({ outcome }, index) => [`n${keys[index]}`, outcome]));
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  await db.close();
}

const [url = ''] = process.argv.slice(2);
void main(url);

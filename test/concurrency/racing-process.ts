import { DatabaseService, isDatabaseError } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';

/** Report of a writing process at its end. */
export interface WriteReport {
  /** The ids whose creation was acknowledged, in their order. */
  readonly acknowledged: readonly string[];
  /** Number of failed creations, by error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly events: number;
}

/**
 * Registers agents with the capability `shared` in the database at `url` as fast as it can: `count` agents with its own
 * ids, and `count` agents with ids that the other processes use as well. Records events at the same time.
 */
async function main(url: string, name: string, count: number): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  const certificateId = await db.createCertificate(certificateInput({ id: `certificate-${name}` }));
  const acknowledged: string[] = [];
  const failed: Record<string, number> = {};
  let events = 0;
  const create = async (id: string, index: number): Promise<void> => {
    const agent = agentInput({ id, certificateId, capabilities: ['shared', `capability-${index}`], owner: name });
    try {
      acknowledged.push(
        index % 2 === 0 ? await db.createAgent(agent) : await db.transaction((tx) => tx.createAgent(agent)),
      );
    } catch (error) {
      const code = isDatabaseError(error) ? error.code : String(error);
      failed[code] = (failed[code] ?? 0) + 1;
    }
  };
  const event = () => eventInput({ source: name });
  for (let index = 0; index < count; index += 1) {
    await Promise.all([
      create(`${name}-${index}`, index),
      create(`contended-${index}`, index + 1),
      db.events.recordMany([event(), event()]),
      db.transaction((tx) => tx.events.record(event())),
    ]);
    events += 3;
  }
  await db.close();
  const report: WriteReport = { acknowledged, failed, events };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const [url = '', name = '', count = '0'] = process.argv.slice(2);
void main(url, name, Number(count));

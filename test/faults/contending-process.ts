import { DatabaseService, isDatabaseError } from '../../src';
import { agentInput, certificateInput } from '../support/factories';

/**
 * Waits for a line on the standard input. Then `callers` concurrent callers create the same agents, with the ids from 0
 * to `ids` - 1, in the database at `url`. Prints which caller created each agent, and the number of failed calls by
 * code.
 */
async function main(url: string, name: string, callers: number, ids: number): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 30_000, retry: { attempts: 50 } });
  await db.initialize();
  const certificateId = await db.createCertificate(certificateInput({ id: `certificate-${name}` }));
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const created: string[] = [];
  const codes: Record<string, number> = {};
  for (let id = 0; id < ids; id += 1) {
    const create = async (caller: number): Promise<void> => {
      const agent = agentInput({ id: String(id), certificateId, owner: `${name}-${caller}`, capabilities: ['shared'] });
      try {
        await (caller % 2 === 0 ? db.createAgent(agent) : db.transaction((tx) => tx.createAgent(agent)));
        created.push(`${id} ${name}-${caller}`);
      } catch (error) {
        const code = isDatabaseError(error) ? error.code : String(error);
        codes[code] = (codes[code] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, caller) => create(caller)));
  }
  await db.close();
  process.stdout.write(`${JSON.stringify({ created, codes })}\n`);
  process.exit();
}

const [url = '', name = '', callers = '0', ids = '0'] = process.argv.slice(2);
void main(url, name, Number(callers), Number(ids));

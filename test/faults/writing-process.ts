import { createInterface } from 'node:readline';
import { DatabaseService, isDatabaseError } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { revised } from './revised';

/** Tells the test something, before anything else is done: what was written to a pipe outlives the process. */
function say(...words: readonly (string | number)[]): void {
  process.stdout.write(`${words.join(' ')};\n`);
}

/**
 * Waits for a line on the standard input, then opens the database at `url` and writes to it, in several lanes at once,
 * until there is another line. Each call that was acknowledged is told of at once; see `Ledger`. The ids of what it writes
 * begin with `name`.
 */
async function main(url: string, name: string): Promise<void> {
  const orders = createInterface(process.stdin)[Symbol.asyncIterator]();
  await orders.next();
  say('opening');
  const db = new DatabaseService({ url, migrations: 'apply', busyTimeoutMs: 30_000 });
  await db.initialize();
  const certificateId = await db.createCertificate(certificateInput({ id: `${name}-certificate` }));
  say('certified', certificateId);
  let isOver = false;

  const agents = async (round: number): Promise<void> => {
    const id = `${name}-agent-${round}`;
    await db.createAgent(agentInput({ id, certificateId, ...revised(0) }));
    say('created', id);
    for (let revision = 1; revision <= round % 4; revision += 1) {
      await db.updateAgent({ id, ...revised(revision) });
      say('updated', id, revision);
    }
    if (round % 3 !== 0) return;
    say('deleting', id);
    await db.deleteAgent(id);
    say('deleted', id);
  };
  const registrations = async (round: number): Promise<void> => {
    const id = `${name}-registration-${round}`;
    await db.register({
      certificate: certificateInput({ id }),
      agent: agentInput({ id, certificateId: id, ...revised(0) }),
      event: eventInput({ id }),
    });
    say('registered', id);
  };
  const events = async (round: number): Promise<void> => {
    const id = `${name}-event-${round}`;
    await db.recordSecurityEvent(eventInput({ id, metadata: { round } }));
    say('recorded', id);
  };
  const transactions = async (round: number): Promise<void> => {
    const id = `${name}-transaction-${round}`;
    await db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: `${id}/a`, certificateId, ...revised(0) }));
      await tx.recordSecurityEvent(eventInput({ id }));
      await tx.createAgent(agentInput({ id: `${id}/b`, certificateId, ...revised(0) }));
    });
    say('transacted', id);
  };
  const revocations = async (round: number): Promise<void> => {
    const id = `${name}-revocation-${round}`;
    await db.createCertificate(certificateInput({ id }));
    say('certified', id);
    await db.updateCertificateStatus(id, 'REVOKED');
    say('revoked', id);
  };

  const lane = async (work: (round: number) => Promise<void>): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      try {
        await work(round);
      } catch (error) {
        if (!isDatabaseError(error)) throw error;
        say(error.retryable ? 'refused' : 'failed', error.code);
      }
    }
  };
  const lanes = [agents, registrations, events, transactions, revocations].map(lane);
  await orders.next();
  isOver = true;
  await Promise.all(lanes);
  await db.close();
  process.exit();
}

const [url = '', name = ''] = process.argv.slice(2);
void main(url, name);

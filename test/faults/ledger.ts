import type { DatabaseService } from '../../src';
import { soundReport } from '../support/sound-database';
import { onPostgresql } from '../support/engine';
import { queryRaw } from '../support/raw-reader';
import type { TestDatabase } from '../support/test-database';
import type { TestProcess } from '../support/child-process';
import { revisionsOf } from './revised';

/** State of a call that has not succeeded, or not yet. */
const unacknowledged = new Set(['opening', 'deleting', 'refused', 'failed']);

/** On PostgreSQL, transactions of others may get in the way more often than a call is tried again. */
const mayBeRefused = onPostgresql ? new Set(['CONFLICT']) : new Set<string>();

/** Acknowledged writes of the processes in one database, to compare with its content. */
export class Ledger {
  /** Ids of the acknowledged records, by kind. */
  readonly #told = new Map<string, Set<string>>();
  readonly #revisions = new Map<string, number>();
  /** Number of acknowledged calls. */
  acknowledged = 0;

  /** Takes down what a process says. Whoever starts it has to call this before anything else. */
  follow({ lines }: TestProcess): void {
    lines.on('line', (line) => {
      // A process may be killed in the middle of a line, which then acknowledges nothing.
      if (!line.endsWith(';')) return;
      const [word = '', id = '', revision] = line.slice(0, -1).split(' ');
      if (revision !== undefined) this.#revisions.set(id, Number(revision));
      this.#ids(word).add(id);
      if (!unacknowledged.has(word)) this.acknowledged += 1;
    });
  }

  /** Fails unless all that was acknowledged is there, nothing is there by half, and the database is sound. */
  async verify(database: Pick<TestDatabase, 'db' | 'options'>): Promise<void> {
    expect(await database.db.check()).toEqual(soundReport);
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
    // By no code of the package, which then could not hide what it has lost.
    const [agentRows = [], certificateRows = [], eventRows = []] = await queryRaw(
      database,
      'SELECT id FROM agents',
      'SELECT id, status FROM certificates',
      'SELECT id FROM security_events',
    );
    const agents = new Set(agentRows.map(({ id }) => String(id)));
    const certificates = new Map(certificateRows.map(({ id, status }) => [String(id), status]));
    const events = new Set(eventRows.map(({ id }) => String(id)));

    const lost = {
      agents: missing(
        agents,
        [...this.#ids('created')].filter((id) => !this.#ids('deleting').has(id)),
      ),
      deletions: [...this.#ids('deleted')].filter((id) => agents.has(id)),
      certificates: missing(certificates, this.#ids('certified')),
      revocations: [...this.#ids('revoked')].filter((id) => certificates.get(id) !== 'REVOKED'),
      events: missing(events, this.#ids('recorded')),
      registrations: missing(agents, this.#ids('registered')),
      transactions: missing(events, this.#ids('transacted')),
    };
    const halves = [...events, ...agents, ...certificates.keys()].filter((id) => {
      if (id.includes('-registration-')) return !(agents.has(id) && certificates.has(id) && events.has(id));
      if (!id.includes('-transaction-')) return false;
      const [whole = ''] = id.split('/');
      return !(events.has(whole) && agents.has(`${whole}/a`) && agents.has(`${whole}/b`));
    });
    const failed = [...this.#ids('failed'), ...missing(mayBeRefused, this.#ids('refused'))];
    const faults = { ...lost, halves, failed };
    expect(faults).toEqual(Object.fromEntries(Object.keys(faults).map((kind) => [kind, []])));
    await this.#verifyRevisions(database.db);
  }

  async #verifyRevisions(db: DatabaseService): Promise<void> {
    const wrong: unknown[] = [];
    for await (const agent of db.agents.iterate({})) {
      const revisions = revisionsOf(agent);
      const [revision = NaN] = revisions;
      const acknowledged = this.#revisions.get(agent.id) ?? 0;
      if (revisions.length > 1 || !(revision >= acknowledged)) wrong.push({ agent, revisions, acknowledged });
    }
    expect(wrong).toEqual([]);
  }

  #ids(word: string): Set<string> {
    const known = this.#told.get(word) ?? new Set();
    this.#told.set(word, known);
    return known;
  }
}

function missing(present: { has(id: string): boolean }, wanted: Iterable<string>): string[] {
  return [...wanted].filter((id) => !present.has(id));
}

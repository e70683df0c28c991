import { nameStatements, type NamedAgent } from '../agents/name-statements';
import type { FindingSink } from '../storage/findings';
import type { Snapshot } from '../storage/snapshot';
import { Rules, subjectOf } from './rules';

/** Number of agents whose names are searched in one query. */
const chunkSize = 100;

/** Finds agents whose name and version another agent holds as its unique name. */
export class HeldNames {
  readonly #snapshot: Snapshot;
  readonly #findings: FindingSink;
  #chunk: NamedAgent[] = [];

  constructor(snapshot: Snapshot, findings: FindingSink) {
    this.#snapshot = snapshot;
    this.#findings = findings;
  }

  async add(agent: NamedAgent): Promise<void> {
    this.#chunk.push(agent);
    if (this.#chunk.length >= chunkSize) await this.flush();
  }

  /**
   * Searches the agents that were added since the last search. Adds a finding for each agent whose name another agent
   * holds.
   */
  async flush(): Promise<void> {
    const chunk = this.#chunk;
    this.#chunk = [];
    if (chunk.length === 0) return;
    const statement = nameStatements(this.#snapshot.dialect).selectTaken(chunk, 'none');
    for (const [position] of await this.#snapshot.query(statement)) {
      const rules = new Rules(this.#findings, subjectOf('agent', chunk[Number(position)]?.id));
      rules.holds(false, 'unique-name', 'has a name and version that another agent holds', 'name');
    }
  }
}

import type { Dialect } from '../sql/dialect';
import { chunkRows } from '../sql/chunks';
import { hasValue } from '../sql/has-value';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { raw, sql } from '../sql/sql';
import { defineStatement, inJsonArray } from '../sql/statement';
import { CollectionBatchStatements } from './collection-batch-statements';
import { andOwner, defineOwned } from './owned-statement';
import { agentStatements } from './statements';
import { defineUpdateMany } from './update-many-statement';

/** Statements that change many agents, for one SQL dialect. */
class AgentBatchStatements {
  /**
   * Locks the rows of agents until the end of the transaction, and returns the ids of the existing agents. Locks the
   * rows in the order of the ids, which prevents deadlocks. When an owner is given, locks only agents of this owner.
   * Undefined on engines without row locks.
   */
  readonly lock;
  /**
   * Selects the stored values of agents that decide about a change. Each element of the parameter `agents` consists of
   * the id of an agent and the id of an endpoint to look for.
   */
  readonly selectForUpdate;
  readonly update;
  readonly delete;
  readonly collections: CollectionBatchStatements;

  constructor(dialect: Dialect) {
    const { usesRowLocks } = dialect;
    this.lock = usesRowLocks
      ? defineOwned<{ ids: string }>(
          (p, owner) => sql`SELECT id FROM agents
            WHERE ${inJsonArray(dialect, sql`id`, p('ids'))}${andOwner(sql`owner`, owner)} ORDER BY id FOR UPDATE`,
        )
      : undefined;
    // Counts the rows that belong to an agent. On SQLite, these counts limit how many rows one statement writes,
    // because a long statement blocks the process.
    const metadataSize = sql`(SELECT count(*) FROM (
      SELECT 1 FROM agent_metadata m WHERE m.agent_id = a.id LIMIT ${raw(String(chunkRows))} + 1) AS some)`;
    const endpointsSize = sql`(SELECT count(*) FROM endpoints s WHERE s.agent_id = a.id)`;
    this.selectForUpdate = defineStatement<{ agents: string }>(
      (p) => sql`SELECT a.id, a.status, ${dialect.toMs(sql`a.updated_at`)}, EXISTS (
          SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = r.endpoint_id
        ), a.certificate_id, a.name, a.version, a.owner, a.unique_key, a.default_endpoint_id,
          ${usesRowLocks ? sql`0` : metadataSize}, ${usesRowLocks ? sql`0` : endpointsSize},
          ${hasValue(sql`agents`, sql`successor_id`, sql`a.id`)}
        FROM ${dialect.jsonRecordSet(p('agents'), 'r', { id: 'text', endpoint_id: 'text' })}
        ${dialect.lateralLookup(sql`id`, 'agents', 'a', sql`r.id`)}`,
    );
    this.update = defineUpdateMany(dialect);
    this.delete = defineStatement<{ ids: string }>(
      (p) => sql`DELETE FROM agents WHERE ${inJsonArray(dialect, sql`id`, p('ids'))}`,
    );
    this.collections = new CollectionBatchStatements(dialect, agentStatements(dialect).collections);
  }
}

/** Returns the statements that change many agents, for a SQL dialect. */
export const agentBatchStatements = memoizeByDialect((dialect) => new AgentBatchStatements(dialect));

import { v7 as uuidv7 } from 'uuid';
import type { CapabilityModel } from '../generated/prisma/models';
import { statementsFor } from '../sql/chunks';
import { recordColumns, type Columns } from '../sql/columns';
import type { Dialect, RecordColumns } from '../sql/dialect';
import { defineStatement, inJsonArray, type Row, type Statement } from '../sql/statement';
import { sql, type Sql } from '../sql/sql';

const capabilityTable: Columns<CapabilityModel> = { id: ['id', 'text'], name: ['name', 'text'] };
const linkColumns: RecordColumns = { agent_id: 'text', name: 'text' };
const droppedColumns: RecordColumns = { capability_id: 'text', agent_id: 'text' };

/** Capabilities of one agent, by name, with the id of the agent. */
export interface OwnedCapabilities {
  readonly agentId: string;
  readonly names: readonly string[];
}

/** Ids of the capabilities that are stored for one agent, by the names of the capabilities. */
export type StoredCapabilities = ReadonlyMap<string, string>;

/** New capabilities of one agent, which replace the capabilities that are stored for it. */
export interface CapabilityChange extends OwnedCapabilities {
  readonly stored: StoredCapabilities;
}

/** Converts the rows of `CapabilityStatements.selectLinked` to a map from the names of capabilities to their ids. */
export function toStoredCapabilities(rows: readonly Row[]): StoredCapabilities {
  return new Map(rows.map(([name, id]) => [String(name), String(id)]));
}

/** Statements about the capabilities of agents, for one SQL dialect. */
export class CapabilityStatements {
  /** Selects the names and the ids of the capabilities of an agent. */
  readonly selectLinked;
  /**
   * Selects the capabilities of several agents: for each, the id of the agent, and the name and the id of the
   * capability.
   */
  readonly selectLinkedOfMany;
  readonly #insert;
  readonly #link;
  readonly #unlink;
  readonly #unlinkMany;
  readonly #lockUnshared;
  readonly #lockUnsharedOfMany;
  readonly #deleteUnused;

  constructor(dialect: Dialect) {
    // Uses the index for each listed id. With a plain IN, PostgreSQL reads the whole table of capabilities if the table
    // has few pages.
    const isListed = (column: Sql, ids: Sql): Sql => dialect.inSubquery(column, dialect.jsonArrayElements(ids));
    this.selectLinked = defineStatement<{ id: string }>(
      (p) => sql`SELECT c.name, c.id FROM agent_capabilities ac
        ${dialect.lateralLookup(sql`id`, 'capabilities', 'c', sql`ac.capability_id`)} WHERE ac.agent_id = ${p('id')}`,
    );
    this.selectLinkedOfMany = defineStatement<{ ids: string }>(
      (p) => sql`SELECT ac.agent_id, c.name, c.id FROM agent_capabilities ac
        ${dialect.lateralLookup(sql`id`, 'capabilities', 'c', sql`ac.capability_id`)}
        WHERE ${dialect.inSubquery(sql`ac.agent_id`, dialect.jsonArrayElements(p('ids')))}`,
    );
    this.#insert = defineStatement<{ capabilities: string }>(
      (p) => sql`INSERT INTO capabilities (id, name)
        SELECT n.id, n.name FROM ${dialect.jsonRecordSet(p('capabilities'), 'n', recordColumns(capabilityTable))}
        WHERE TRUE ON CONFLICT (name) DO NOTHING`,
    );
    // Selects the id of each capability by a subquery. The subquery returns null if another transaction has deleted the
    // capability. Then the NOT NULL constraint makes the statement fail. A join would omit the capability without an
    // error.
    this.#link = defineStatement<{ links: string }>(
      (p) => sql`INSERT INTO agent_capabilities (agent_id, capability_id)
        SELECT l.agent_id, (SELECT c.id FROM capabilities c WHERE c.name = l.name)
        FROM ${dialect.jsonRecordSet(p('links'), 'l', linkColumns)} WHERE TRUE ON CONFLICT DO NOTHING`,
    );
    this.#unlink = defineStatement<{ id: string; capabilityIds: string }>(
      (p) => sql`DELETE FROM agent_capabilities
        WHERE agent_id = ${p('id')} AND ${inJsonArray(dialect, sql`capability_id`, p('capabilityIds'))}`,
    );
    this.#unlinkMany = defineStatement<{ ids: string; links: string }>(
      (p) => sql`DELETE FROM agent_capabilities
        WHERE ${dialect.inSubquery(sql`agent_id`, dialect.jsonArrayElements(p('ids')))} AND (capability_id, agent_id) IN (
          SELECT d.capability_id, d.agent_id FROM ${dialect.jsonRecordSet(p('links'), 'd', droppedColumns)})`,
    );
    const lockUnshared = (unshared: Sql): Sql => sql`WITH unshared AS MATERIALIZED (${unshared} IS NULL)
      UPDATE capabilities SET name = name WHERE ${dialect.inSubquery(
        sql`id`,
        sql`SELECT id FROM capabilities WHERE ${dialect.inSubquery(sql`id`, sql`SELECT id FROM unshared`)}
          ORDER BY name FOR UPDATE`,
      )}`;
    this.#lockUnshared = dialect.usesRowLocks
      ? defineStatement<{ id: string; capabilityIds: string }>((p) =>
          lockUnshared(sql`SELECT c.id FROM capabilities c WHERE ${isListed(sql`c.id`, p('capabilityIds'))}
            AND ${lockOtherLink(sql`c.id`, p('id'))}`),
        )
      : undefined;
    this.#lockUnsharedOfMany = dialect.usesRowLocks
      ? defineStatement<{ dropped: string }>((p) =>
          lockUnshared(sql`SELECT d.capability_id AS id FROM ${dialect.jsonRecordSet(p('dropped'), 'd', droppedColumns)}
            WHERE ${lockOtherLink(sql`d.capability_id`, sql`d.agent_id`)}`),
        )
      : undefined;
    this.#deleteUnused = defineStatement<{ capabilityIds: string }>(
      (p) => sql`DELETE FROM capabilities WHERE ${isListed(sql`id`, p('capabilityIds'))}
        AND NOT EXISTS (SELECT 1 FROM agent_capabilities ac WHERE ac.capability_id = capabilities.id)`,
    );
  }

  /** Returns the statements that insert the missing capabilities, and link each agent to its capabilities. */
  insert(owners: readonly OwnedCapabilities[]): Statement[] {
    const names = new Set(owners.flatMap((owner) => owner.names));
    // Sorts the names. Two transactions that insert the same names in different orders could cause a deadlock.
    const capabilities = [...names].sort().map((name) => [uuidv7(), name]);
    const links = owners.flatMap((owner) => owner.names.map((name) => [owner.agentId, name]));
    return [
      ...statementsFor(capabilities, (rows) => this.#insert({ capabilities: JSON.stringify(rows) })),
      ...statementsFor(links, (rows) => this.#link({ links: JSON.stringify(rows) })),
    ];
  }

  /**
   * Returns the statements that replace the stored capabilities of an agent. The statements write only the differences.
   * The transaction must have locked the row of the agent.
   */
  replace(id: string, names: readonly string[], stored: StoredCapabilities): Statement[] {
    const kept = new Set(names);
    const dropped = [...stored].flatMap(([name, capabilityId]) => (kept.has(name) ? [] : [capabilityId]));
    const added = { agentId: id, names: names.filter((name) => !stored.has(name)) };
    return [...this.#unlinkFrom(id, dropped), ...this.insert([added]), ...this.#deleteUnusedOf(id, dropped)];
  }

  /**
   * Returns the statements that replace the stored capabilities of several agents, as {@link replace} does. The
   * transaction must have locked the rows of the agents.
   */
  replaceMany(changes: readonly CapabilityChange[]): Statement[] {
    const links: (readonly [capabilityId: string, agentId: string])[] = [];
    // Capabilities that agents have dropped, by id. Each value is the name of the capability, and one of these agents.
    const dropped = new Map<string, readonly [name: string, agentId: string]>();
    const added: OwnedCapabilities[] = [];
    for (const { agentId, names, stored } of changes) {
      const kept = new Set(names);
      for (const [name, capabilityId] of stored) {
        if (kept.has(name)) continue;
        links.push([capabilityId, agentId]);
        dropped.set(capabilityId, [name, agentId]);
      }
      added.push({ agentId, names: names.filter((name) => !stored.has(name)) });
    }
    const capabilities = [...dropped]
      .sort(([, [one]], [, [other]]) => (one < other ? -1 : 1))
      .map(([capabilityId, [, agentId]]) => [capabilityId, agentId] as const);
    const lock = this.#lockUnsharedOfMany;
    const lockAll =
      lock === undefined ? [] : statementsFor(capabilities, (rows) => lock({ dropped: JSON.stringify(rows) }));
    return [
      ...statementsFor(links, (rows) =>
        this.#unlinkMany({
          ids: JSON.stringify([...new Set(rows.map(([, agentId]) => agentId))]),
          links: JSON.stringify(rows),
        }),
      ),
      ...this.insert(added),
      ...lockAll,
      ...statementsFor(capabilities, (rows) =>
        this.#deleteUnused({ capabilityIds: JSON.stringify(rows.map(([capabilityId]) => capabilityId)) }),
      ),
    ];
  }

  /**
   * Returns the statements that remove all capabilities of an agent. The transaction must have locked the row of the
   * agent.
   */
  remove(id: string, stored: StoredCapabilities): Statement[] {
    return this.replace(id, [], stored);
  }

  #unlinkFrom(id: string, dropped: readonly string[]): Statement[] {
    return dropped.length === 0 ? [] : [this.#unlink({ id, capabilityIds: JSON.stringify(dropped) })];
  }

  /**
   * Returns the statements that delete each of the `dropped` capabilities that no other agent has.
   *
   * On PostgreSQL, two transactions may remove the same capability from two agents at the same time. Each transaction
   * must not rely on the link that the other one deletes. Therefore the first statement locks another link of the
   * capability against deletion. It skips links that are being deleted, so it never waits for them.
   *
   * The first statement locks and updates the capability itself when it can lock no link:
   *
   * - Another transaction may be deleting the other links. Then the later transaction waits for the earlier one, and
   *   sees the deletion. It fails if its snapshot is older.
   * - Another transaction may be adding the capability to an agent. Then the foreign key of the new link has locked the
   *   capability against deletion, and the first statement waits for this lock.
   *
   * The last statement deletes the unused capabilities. Its snapshot is later, so it finds every link that the first
   * statement has waited for. Decision 0019 has the proof.
   *
   * Run these statements last in a transaction, because they may wait. They lock the capabilities in the order of their
   * names, like the statements that insert capabilities.
   */
  #deleteUnusedOf(id: string, dropped: readonly string[]): Statement[] {
    if (dropped.length === 0) return [];
    const capabilityIds = JSON.stringify(dropped);
    const lock = this.#lockUnshared?.({ id, capabilityIds });
    return [...(lock === undefined ? [] : [lock]), this.#deleteUnused({ capabilityIds })];
  }
}

/**
 * Composes a subquery that locks a link between a capability and another agent than `agentId`; null when there is no
 * such link. Takes the next agent in the order of the ids, or else the previous one. Otherwise, all transactions would
 * lock and write the same row.
 */
function lockOtherLink(capabilityId: Sql, agentId: Sql): Sql {
  const lock = (place: Sql, order: Sql): Sql => sql`(SELECT 1 FROM agent_capabilities o
    WHERE o.capability_id = ${capabilityId} AND ${place} ORDER BY ${order} LIMIT 1 FOR KEY SHARE SKIP LOCKED)`;
  const next = lock(sql`o.agent_id > ${agentId}`, sql`o.capability_id, o.agent_id`);
  const previous = lock(sql`o.agent_id < ${agentId}`, sql`o.capability_id DESC, o.agent_id DESC`);
  return sql`coalesce(${next}, ${previous})`;
}

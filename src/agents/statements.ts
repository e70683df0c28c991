import { isHeldOnlyBy } from '../certificates/held-only-by';
import { columnNames, fieldsOf, recordColumns, toColumnValue } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { chunkRows } from '../sql/chunks';
import { hasValue } from '../sql/has-value';
import { join, raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import { agentTable } from './agent-table';
import type { StoredCapabilities } from './capability-statements';
import { agentColumns } from './columns';
import type { AgentBeforeChange, AgentChange, AgentColumns, NewAgentRow } from './new-row';
import { CollectionStatements, rowsOf } from './relation-statements';
import { nameStatements, type NameStatements } from './name-statements';
import { andOwner, defineOwned } from './owned-statement';
import { toNewNameKeys, type NameKeys } from './unique-key';
import { defineUpdate, isRevoked, ownedCertificate } from './update-statement';

const fields = fieldsOf(agentTable);
const names = columnNames(agentTable);

/** Values that the statement needs to insert one agent. */
type Insertion = Record<keyof AgentColumns | keyof NameKeys | 'scopeOwner', string | number | null>;
type InsertionParameter = (name: keyof Insertion) => Sql;

/** Statements that read and write agents, for one SQL dialect. */
export class AgentStatements {
  readonly collections: CollectionStatements;
  /** Selects one agent with its collections. */
  readonly select;
  /** Selects the existing agents among `ids` with their collections, in no particular order. */
  readonly selectMany;
  /** Selects the stored values of an agent that decide about a change of the agent. */
  readonly selectForUpdate;
  /**
   * Selects the id and the status of each existing certificate among `ids`. When an owner is given, omits a certificate
   * that an agent of another owner holds. On engines with row locks, also locks the certificates until the end of the
   * transaction.
   */
  readonly selectCertificates;
  /** Selects the ids of the existing agents among `ids`. */
  readonly selectIds;
  readonly names: NameStatements;
  /**
   * Statements that lock the row of an agent until the end of the transaction. Only later statements see changes that
   * another transaction has committed during the wait. When an owner is given, the statements lock only agents of this
   * owner. Undefined on engines without row locks.
   *
   * Other agents can name an agent as their successor while it is locked for a deprecation. So two agents that are
   * deprecated in favor of each other do not wait for each other.
   */
  readonly locks;
  /**
   * Inserts rows of `agents` only, without endpoints, capabilities and metadata. Skips each agent whose id is taken. Returns the ids of the inserted
   * agents.
   */
  readonly insertMany;
  readonly updateEndpointHealth;
  /** Selects one row when the agent has the given endpoint, otherwise none. */
  readonly selectEndpoint;
  /**
   * Changes the status to EXPIRED for at most `limit` ACTIVE and DEPRECATED agents whose `expiresAt` has passed.
   * Returns the ids of the changed agents.
   */
  readonly expireDue;
  readonly #updateAgent;
  readonly #deleteAgent;
  readonly #insertAgent;
  readonly #insertAgentOfAnyCertificate;
  readonly #insertOwned;

  constructor(dialect: Dialect) {
    // Locks the certificate, so that it cannot be revoked while an agent is being attached to it.
    const forShare = dialect.usesRowLocks ? sql`FOR SHARE` : sql``;
    this.collections = new CollectionStatements(dialect);
    this.names = nameStatements(dialect);
    this.select = defineStatement<{ id: string }>(
      (p) => sql`SELECT ${agentColumns(dialect)} FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.selectMany = defineOwned<{ ids: string }>(
      (p, owner) => sql`SELECT ${agentColumns(dialect)} FROM agents a
        WHERE a.id IN (${dialect.jsonArrayElements(p('ids'))})${andOwner(dialect.unindexed(sql`a.owner`), owner)}`,
    );
    this.selectForUpdate = defineStatement<{ id: string; endpointId: string | null }>(
      (p) => sql`SELECT a.status, ${dialect.toMs(sql`a.updated_at`)}, EXISTS (
          SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = ${p('endpointId')}
        ), a.certificate_id, a.name, a.version, a.owner, a.unique_key, EXISTS (
          SELECT 1 FROM agent_metadata m WHERE m.agent_id = a.id LIMIT 1 OFFSET ${raw(String(chunkRows))}
        ), ${hasValue(sql`agents`, sql`successor_id`, sql`a.id`)} FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.selectCertificates = defineOwned<{ ids: string }>(
      (p, owner) => sql`SELECT c.id, c.status FROM certificates c WHERE c.id IN (${dialect.jsonArrayElements(p('ids'))})
        ${owner === undefined ? sql`` : sql`AND ${isHeldOnlyBy(sql`c.id`, owner)}`} ORDER BY c.id ${forShare}`,
    );
    this.selectIds = defineStatement<{ ids: string }>(
      (p) => sql`SELECT a.id FROM agents a WHERE a.id IN (${dialect.jsonArrayElements(p('ids'))})`,
    );
    const lockAs = (strength: Sql) =>
      defineOwned<{ id: string }>(
        (p, owner) => sql`SELECT 1 FROM agents WHERE id = ${p('id')}${andOwner(sql`owner`, owner)} ${strength}`,
      );
    this.locks = dialect.usesRowLocks
      ? { change: lockAs(sql`FOR UPDATE`), deprecation: lockAs(sql`FOR NO KEY UPDATE`) }
      : undefined;
    this.#updateAgent = defineUpdate(dialect);
    this.#deleteAgent = defineStatement<{ id: string }>((p) => sql`DELETE FROM agents WHERE id = ${p('id')}`);
    // Composes an INSERT that fails when another agent holds the name, or when the certificate is REVOKED. For this, it
    // writes NULL to the column `name` or `certificate_id`, which are NOT NULL. So no separate query is needed.
    // `toRefusal` converts the error.
    const insertAgent = (certificateId: (p: InsertionParameter) => Sql): ((row: Insertion) => Statement) =>
      defineStatement<Insertion>((p) => {
        const isHeld = sql`EXISTS (SELECT 1 FROM agents h WHERE h.unique_key IN (${p('allKey')}, ${p('ownerKey')}))`;
        // Keeps the name when the id is taken, so that the database reports the taken id.
        const nameOfTaken = sql`SELECT k.name FROM agents k WHERE k.id = ${p('id')}`;
        const values = fields.map((field) => {
          if (field === 'name') return sql`CASE WHEN ${isHeld} THEN (${nameOfTaken}) ELSE ${p(field)} END`;
          if (field === 'certificateId') return certificateId(p);
          return toColumnValue(dialect, agentTable[field][1], p(field));
        });
        return sql`INSERT INTO agents (${names}) VALUES (${join(values)})`;
      });
    const unlessRevoked = (p: InsertionParameter): Sql => {
      // Writes '' instead of NULL when the id is taken, so that the database reports the taken id. The value '' is
      // never stored, because no certificate has an empty id.
      const refused = sql`SELECT '' FROM agents k WHERE k.id = ${p('id')}`;
      return sql`CASE WHEN ${isRevoked(dialect, p('certificateId'))} THEN (${refused}) ELSE ${p('certificateId')} END`;
    };
    const ifOwned =
      (certificateId: (p: InsertionParameter) => Sql) =>
      (p: InsertionParameter): Sql =>
        ownedCertificate(p('certificateId'), p('scopeOwner'), certificateId(p));
    this.#insertAgent = insertAgent(unlessRevoked);
    this.#insertAgentOfAnyCertificate = insertAgent((p) => p('certificateId'));
    this.#insertOwned = {
      unlessRevoked: insertAgent(ifOwned(unlessRevoked)),
      any: insertAgent(ifOwned((p) => p('certificateId'))),
    };
    // Skips only agents whose id is taken. The application may have added unique constraints, whose violation must be
    // reported.
    this.insertMany = defineStatement<{ agents: string }>(
      (p) => sql`INSERT INTO agents (${names})
        SELECT ${names} FROM ${dialect.jsonRecordSet(p('agents'), 'r', recordColumns(agentTable))}
        WHERE TRUE ON CONFLICT (id) DO NOTHING RETURNING id`,
    );
    this.selectEndpoint = defineStatement<{ agentId: string; id: string }>(
      (p) => sql`SELECT 1 FROM endpoints WHERE agent_id = ${p('agentId')} AND id = ${p('id')}`,
    );
    this.updateEndpointHealth = defineStatement<{
      agentId: string;
      id: string;
      status: string;
      lastChecked: number;
      message: string | null;
    }>(
      (
        p,
      ) => sql`UPDATE endpoints SET health_status = ${p('status')}, last_checked = ${dialect.fromMs(p('lastChecked'))},
          health_message = ${p('message')}
        WHERE agent_id = ${p('agentId')} AND id = ${p('id')}`,
    );
    // Tests the condition in the subquery that locks the rows. PostgreSQL then tests it again for a row that another
    // transaction has changed meanwhile.
    this.expireDue = defineOwned<{ now: number; limit: number }>(
      (p, owner) => sql`WITH due AS MATERIALIZED (
          SELECT a.id FROM agents a
          WHERE a.expires_at <= ${dialect.fromMs(p('now'))} AND ${dialect.unindexed(sql`a.status`)} IN ('ACTIVE', 'DEPRECATED')
          ${andOwner(sql`a.owner`, owner)} ORDER BY a.expires_at, a.id LIMIT CAST(${p('limit')} AS BIGINT)
          ${dialect.usesRowLocks ? sql`FOR NO KEY UPDATE` : sql``})
        UPDATE agents SET status = 'EXPIRED', updated_at = ${dialect.nextTime(sql`updated_at`, p('now'))}
        WHERE id IN (SELECT id FROM due) RETURNING id`,
    );
  }

  /**
   * Returns the statements that insert an agent with its collections: at most five, unless a collection has more than
   * {@link chunkRows} rows. The statements fail in these cases:
   *
   * - Another agent holds the name.
   * - The certificate is REVOKED, unless `allowsRevoked` is true.
   * - `scopeOwner` is given, and agents of another owner hold the certificate.
   */
  insert({ columns, nameKeys, collections, scopeOwner }: NewAgentRow, allowsRevoked: boolean): Statement[] {
    const [unlessRevoked, any] =
      scopeOwner === undefined
        ? [this.#insertAgent, this.#insertAgentOfAnyCertificate]
        : [this.#insertOwned.unlessRevoked, this.#insertOwned.any];
    const insertAgent = allowsRevoked ? any : unlessRevoked;
    return [
      insertAgent({ ...columns, ...nameKeys, scopeOwner: scopeOwner ?? null }),
      ...this.collections.insert([{ agentId: columns.id, collections }]),
    ];
  }

  /** Returns the values of one agent, in the order of the record set that {@link insertMany} reads. */
  static toRecord(columns: AgentColumns): unknown[] {
    return fields.map((field) => columns[field]);
  }

  /**
   * Returns the statements that change an agent. The caller must have locked the agent by `lockForUpdate`, and checked
   * that the change is allowed. The statements fail in these cases:
   *
   * - Another agent holds the new name.
   * - The new certificate does not exist.
   * - The new certificate is REVOKED, unless `allowsRevoked` is true.
   */
  update(change: AgentChange, before: AgentBeforeChange, allowsRevoked: boolean): Statement[] {
    const { id, columns, collections, mergedMetadata = [], scopeOwner } = change;
    const newNameKeys = toNewNameKeys(columns, before);
    const { certificateId = before.certificateId, defaultEndpointId } = columns;
    const isReattached = certificateId !== before.certificateId;
    const row = {
      id,
      // Keeps the unique key if its scope is all agents and only the owner changes: the key does not depend on the
      // owner.
      columns:
        newNameKeys === undefined || before.uniqueKey === newNameKeys.allKey
          ? columns
          : { ...columns, uniqueKey: null },
      newNameKeys,
      refusesRevoked: !allowsRevoked && isReattached,
      certificateOwner: isReattached ? scopeOwner : undefined,
      endpointIds:
        defaultEndpointId === undefined ? collections.endpoints?.map(([endpointId]) => endpointId) : undefined,
    };
    return [
      ...(newNameKeys === undefined ? [] : this.names.lock([{ id, nameKeys: newNameKeys }], 'none')),
      this.#updateAgent(row),
      ...this.collections.replace(id, collections, before.capabilities),
      ...this.collections.mergeMetadata(rowsOf(id, mergedMetadata)),
    ];
  }

  /** Returns the statements that delete an agent with its collections. The caller must have locked the agent. */
  delete(id: string, capabilities: StoredCapabilities): Statement[] {
    return [...this.collections.capabilities.remove(id, capabilities), this.#deleteAgent({ id })];
  }
}

/** Returns the statements that read and write agents, for a SQL dialect. */
export const agentStatements = memoizeByDialect((dialect) => new AgentStatements(dialect));

/** Values of the statement that changes the health of an endpoint. */
export type EndpointHealthColumns = Parameters<AgentStatements['updateEndpointHealth']>[0];

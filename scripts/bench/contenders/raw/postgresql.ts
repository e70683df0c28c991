import { Pool, type PoolClient } from 'pg';
import { Keyset, type DirectoryReads, type DirectoryWrites, type Open, type Reads, type Writes } from '../../contender';
import { nowMs, type BenchAgent, type BenchEvent } from '../../data';
import { fingerprintKey, foldedName, versionKey } from '../derived-columns';
import * as sql from './postgresql-sql';
import {
  toAgent,
  toCertificate,
  toEvent,
  toFacets,
  toResolved,
  type AgentRow,
  type CertificateRow,
  type EventRow,
  type FacetRow,
  type ResolvedRow,
} from './records';

/** Opens hand-written SQL on node-postgres, in named statements: the practical limit. */
export const open: Open = (url) => {
  const pool = new Pool({ connectionString: url });
  return { ...reads(pool), ...writes(pool), close: () => pool.end() };
};

function reads(pool: Pool): Reads & DirectoryReads {
  const keyset = new Keyset();
  const agents = async (name: string | undefined, text: string, values: unknown[]) => {
    const query = { text, values, rowMode: 'array' } as const;
    return (await pool.query<AgentRow>(name === undefined ? query : { ...query, name })).rows.map(toAgent);
  };
  return {
    getAgent: async (id) => (await agents('getAgent', sql.getAgent, [id]))[0] ?? null,
    // The statement is unnamed, because the best plan depends on the pattern. PostgreSQL may use one generic plan for a
    // named statement after five executions.
    searchAgents: (name, capabilities, limit) =>
      agents(undefined, sql.searchAgents, [patternOf(name), capabilities, limit]),
    agentsWithAll: (capabilities, limit) => agents('agentsWithAll', sql.agentsWithAll, [capabilities, limit]),
    agentsByFingerprint: (fingerprint) =>
      agents('agentsByFingerprint', sql.agentsByFingerprint, [fingerprintKey(fingerprint)]),
    agentsOfOwner: (owner, limit) => agents('agentsOfOwner', sql.agentsOfOwner, [owner, limit]),
    agentsAtOffset: (offset, limit) => agents('agentsAtOffset', sql.agentsAtOffset, [limit, offset]),
    nextPage: async (isFirst, size) => {
      const last = keyset.after(isFirst);
      return keyset.moveTo(
        last === undefined
          ? await agents('agentsAtOffset', sql.agentsAtOffset, [size, 0])
          : await agents('agentsAfter', sql.agentsAfter, [last.updatedAt.getTime(), last.id, size]),
      );
    },
    queryEvents: async (from, to, severities, limit) => {
      const values = [from.getTime(), to.getTime(), severities, limit];
      const query = { name: 'queryEvents', text: sql.queryEvents, values, rowMode: 'array' } as const;
      return (await pool.query<EventRow>(query)).rows.map(toEvent);
    },
    getCertificateByFingerprint: async (fingerprint) => {
      const values = [fingerprintKey(fingerprint)];
      const query = { name: 'getCertificate', text: sql.getCertificate, values, rowMode: 'array' } as const;
      const row = (await pool.query<CertificateRow>(query)).rows[0];
      return row === undefined ? null : toCertificate(row);
    },
    resolve: async ({ name, owner, major, protocol, capability }) => {
      const range = [versionKey(`${major}.0.0`), versionKey(`${major + 1}.0.0`)];
      const values = [name, owner, nowMs, ...range, protocol, capability];
      const query = { name: 'resolve', text: sql.resolve, values, rowMode: 'array' } as const;
      return toResolved((await pool.query<ResolvedRow>(query)).rows[0], protocol);
    },
    facets: async (capability) => {
      // The statement is unnamed, because the best plan depends on the number of agents that have the capability.
      const values = [capability];
      const query = { text: sql.facets, values, rowMode: 'array' } as const;
      return toFacets((await pool.query<FacetRow>(query)).rows);
    },
  };
}

function writes(pool: Pool): Writes & DirectoryWrites {
  return {
    createAgent: (agent) => createAgent(pool, agent),
    // The statement is unnamed, so that PostgreSQL plans it for the actual number of agents.
    createAgents: async (agents) => {
      await pool.query({ text: sql.insertAgents, values: [JSON.stringify(agents.map(recordOf))] });
    },
    updateAgent: async (agent) => {
      const values = [JSON.stringify([recordOf(agent)])];
      return (await pool.query({ name: 'updateAgent', text: sql.updateAgent, values })).rowCount === 1;
    },
    // The statement is unnamed, so that PostgreSQL plans it for the actual number of agents.
    updateAgents: async (agents) => {
      await pool.query({ text: sql.updateAgents, values: [JSON.stringify(agents.map(recordOf))] });
    },
    recordEvent: (event) => recordEvent(pool, event),
    transact: async (agents, event) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        for (const agent of agents) await createAgent(client, agent);
        await recordEvent(client, event);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

type Queryable = Pool | PoolClient;

async function createAgent(on: Queryable, agent: BenchAgent): Promise<string> {
  await on.query({ name: 'insertAgent', text: sql.insertAgents, values: [JSON.stringify([recordOf(agent)])] });
  return agent.id;
}

async function recordEvent(on: Queryable, { id, timestamp, metadata, ...event }: BenchEvent): Promise<string> {
  const { eventType, severity, source, target, description, mitigationApplied } = event;
  const columns = [id, timestamp.getTime(), eventType, severity, source, target, description, mitigationApplied];
  await on.query({ name: 'recordEvent', text: sql.recordEvent, values: [...columns, JSON.stringify(metadata)] });
  return id;
}

function patternOf(name: string): string {
  return `%${foldedName(name).replace(/[\\%_]/g, '\\$&')}%`;
}

function recordOf(agent: BenchAgent): object {
  return {
    ...agent,
    nameFolded: foldedName(agent.name),
    versionKey: versionKey(agent.version),
    endpoints: agent.endpoints.map((endpoint, position) => ({ ...endpoint, position })),
  };
}

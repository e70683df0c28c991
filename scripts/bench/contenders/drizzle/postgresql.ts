import { and, asc, count, desc, eq, gt, gte, inArray, like, lt, lte, or, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { Keyset, type Open, type Reads } from '../../contender';
import { fingerprintKey } from '../derived-columns';
import { toCertificate, toEvent } from '../graph-records';
import { perCount, placeholders, toAgent, valuesOf } from './shared';
import * as schema from './postgresql-schema';
import { writes } from './postgresql-writes';

const { agentCapabilities, agents, capabilities, certificates, endpoints, securityEvents } = schema;

type Db = NodePgDatabase<typeof schema>;

/** Opens Drizzle on node-postgres, with prepared relational queries, and one statement for each table in a write. */
export const open: Open = (url) => {
  const pool = new Pool({ connectionString: url });
  const db = drizzle(pool, { schema });
  return { ...reads(db), ...writes(db), close: () => pool.end() };
};

const agentWith = {
  endpoints: { orderBy: asc(endpoints.position) },
  capabilities: { with: { capability: true } },
  metadata: true,
} as const;
const newestFirst = [desc(agents.updatedAt), asc(agents.id)];

function reads(db: Db): Reads {
  const page = { with: agentWith, orderBy: newestFirst, limit: sql.placeholder('limit') };
  const holders = (number: number) =>
    db
      .select({ id: agentCapabilities.agentId })
      .from(agentCapabilities)
      .innerJoin(capabilities, eq(capabilities.id, agentCapabilities.capabilityId))
      .where(inArray(capabilities.name, placeholders('name', number)));
  const getAgent = db.query.agents
    .findFirst({ where: eq(agents.id, sql.placeholder('id')), with: agentWith })
    .prepare('getAgent');
  const searchAgents = perCount((number) => {
    const where = and(like(agents.nameFolded, sql.placeholder('pattern')), inArray(agents.id, holders(number)));
    return db.query.agents.findMany({ ...page, where }).prepare(`searchAgents${number}`);
  });
  const agentsWithAll = perCount((number) => {
    const able = holders(number).groupBy(agentCapabilities.agentId).having(eq(count(), number));
    return db.query.agents.findMany({ ...page, where: inArray(agents.id, able) }).prepare(`agentsWithAll${number}`);
  });
  const holder = db
    .select({ id: certificates.id })
    .from(certificates)
    .where(eq(certificates.fingerprintKey, sql.placeholder('key')));
  const byFingerprint = db.query.agents
    .findMany({ where: inArray(agents.certificateId, holder), with: agentWith, orderBy: newestFirst })
    .prepare('byFingerprint');
  const ofOwner = db.query.agents
    .findMany({ ...page, where: eq(agents.owner, sql.placeholder('owner')) })
    .prepare('ofOwner');
  const from = db.query.agents.findMany({ ...page, offset: sql.placeholder('offset') }).prepare('from');
  const time = sql.placeholder('time');
  const later = or(lt(agents.updatedAt, time), gt(agents.id, sql.placeholder('id')));
  const after = db.query.agents.findMany({ ...page, where: and(lte(agents.updatedAt, time), later) }).prepare('after');
  const keyset = new Keyset();
  return {
    getAgent: async (id) => {
      const agent = await getAgent.execute({ id });
      return agent === undefined ? null : toAgent(agent);
    },
    searchAgents: async (name, names, limit) => {
      const values = { pattern: `%${name.toLowerCase()}%`, ...valuesOf('name', names), limit };
      return (await searchAgents(names.length).execute(values)).map(toAgent);
    },
    agentsWithAll: async (names, limit) => {
      const found = await agentsWithAll(names.length).execute({ ...valuesOf('name', names), limit });
      return found.map(toAgent);
    },
    agentsByFingerprint: async (fingerprint) =>
      (await byFingerprint.execute({ key: fingerprintKey(fingerprint) })).map(toAgent),
    agentsOfOwner: async (owner, limit) => (await ofOwner.execute({ owner, limit })).map(toAgent),
    agentsAtOffset: async (offset, limit) => (await from.execute({ offset, limit })).map(toAgent),
    nextPage: async (isFirst, limit) => {
      const last = keyset.after(isFirst);
      if (last === undefined) return keyset.moveTo((await from.execute({ offset: 0, limit })).map(toAgent));
      const found = await after.execute({ time: last.updatedAt, id: last.id, limit });
      return keyset.moveTo(found.map(toAgent));
    },
    ...otherReads(db),
  };
}

function otherReads(db: Db): Pick<Reads, 'queryEvents' | 'getCertificateByFingerprint'> {
  const events = perCount((number) =>
    db.query.securityEvents
      .findMany({
        where: and(
          gte(securityEvents.timestamp, sql.placeholder('from')),
          lte(securityEvents.timestamp, sql.placeholder('to')),
          inArray(securityEvents.severity, placeholders('severity', number)),
        ),
        with: { metadata: true },
        orderBy: [desc(securityEvents.timestamp), asc(securityEvents.id)],
        limit: sql.placeholder('limit'),
      })
      .prepare(`events${number}`),
  );
  const getCertificate = db.query.certificates
    .findFirst({ where: eq(certificates.fingerprintKey, sql.placeholder('key')), with: { metadata: true } })
    .prepare('getCertificate');
  return {
    queryEvents: async (from, to, severities, limit) => {
      const found = await events(severities.length).execute({ from, to, ...valuesOf('severity', severities), limit });
      return found.map(toEvent);
    },
    getCertificateByFingerprint: async (fingerprint) => {
      const certificate = await getCertificate.execute({ key: fingerprintKey(fingerprint) });
      return certificate === undefined ? null : toCertificate(certificate);
    },
  };
}

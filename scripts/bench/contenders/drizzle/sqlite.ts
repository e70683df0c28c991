import SqliteDriver from 'better-sqlite3';
import { and, asc, count, desc, eq, gt, gte, inArray, like, lt, lte, or, sql } from 'drizzle-orm';
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { Keyset, type Open, type Reads } from '../../contender';
import { fingerprintKey } from '../derived-columns';
import { toCertificate, toEvent } from '../graph-records';
import { sqlitePragmas } from '../sqlite-pragmas';
import { perCount, placeholders, toAgent, valuesOf } from './shared';
import * as schema from './sqlite-schema';
import { writes } from './sqlite-writes';

const { agentCapabilities, agents, capabilities, certificates, endpoints, securityEvents } = schema;

type Db = BetterSQLite3Database<typeof schema>;

/** Opens Drizzle on better-sqlite3, with prepared relational queries and inserts. */
export const open: Open = (path) => {
  const driver = new SqliteDriver(path);
  for (const pragma of sqlitePragmas) driver.pragma(pragma);
  const db = drizzle(driver, { schema });
  return { ...reads(db), ...writes(db), close: () => void driver.close() };
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
    .prepare();
  const searchAgents = perCount((number) => {
    const where = and(like(agents.nameFolded, sql.placeholder('pattern')), inArray(agents.id, holders(number)));
    return db.query.agents.findMany({ ...page, where }).prepare();
  });
  const agentsWithAll = perCount((number) => {
    const able = holders(number).groupBy(agentCapabilities.agentId).having(eq(count(), number));
    return db.query.agents.findMany({ ...page, where: inArray(agents.id, able) }).prepare();
  });
  const holder = db
    .select({ id: certificates.id })
    .from(certificates)
    .where(eq(certificates.fingerprintKey, sql.placeholder('key')));
  const byFingerprint = db.query.agents
    .findMany({ where: inArray(agents.certificateId, holder), with: agentWith, orderBy: newestFirst })
    .prepare();
  const ofOwner = db.query.agents.findMany({ ...page, where: eq(agents.owner, sql.placeholder('owner')) }).prepare();
  const from = db.query.agents.findMany({ ...page, offset: sql.placeholder('offset') }).prepare();
  const time = sql.placeholder('time');
  const later = or(lt(agents.updatedAt, time), gt(agents.id, sql.placeholder('id')));
  const after = db.query.agents.findMany({ ...page, where: and(lte(agents.updatedAt, time), later) }).prepare();
  const keyset = new Keyset();
  return {
    getAgent: (id) => {
      const agent = getAgent.all({ id });
      return agent === undefined ? null : toAgent(agent);
    },
    searchAgents: (name, names, limit) =>
      searchAgents(names.length)
        .all({ pattern: `%${name.toLowerCase()}%`, ...valuesOf('name', names), limit })
        .map(toAgent),
    agentsWithAll: (names, limit) =>
      agentsWithAll(names.length)
        .all({ ...valuesOf('name', names), limit })
        .map(toAgent),
    agentsByFingerprint: (fingerprint) => byFingerprint.all({ key: fingerprintKey(fingerprint) }).map(toAgent),
    agentsOfOwner: (owner, limit) => ofOwner.all({ owner, limit }).map(toAgent),
    agentsAtOffset: (offset, limit) => from.all({ offset, limit }).map(toAgent),
    nextPage: (isFirst, limit) => {
      const last = keyset.after(isFirst);
      if (last === undefined) return keyset.moveTo(from.all({ offset: 0, limit }).map(toAgent));
      return keyset.moveTo(after.all({ time: last.updatedAt.getTime(), id: last.id, limit }).map(toAgent));
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
      .prepare(),
  );
  const getCertificate = db.query.certificates
    .findFirst({ where: eq(certificates.fingerprintKey, sql.placeholder('key')), with: { metadata: true } })
    .prepare();
  return {
    queryEvents: (from, to, severities, limit) =>
      events(severities.length)
        .all({ from: from.getTime(), to: to.getTime(), ...valuesOf('severity', severities), limit })
        .map(toEvent),
    getCertificateByFingerprint: (fingerprint) => {
      const certificate = getCertificate.all({ key: fingerprintKey(fingerprint) });
      return certificate === undefined ? null : toCertificate(certificate);
    },
  };
}

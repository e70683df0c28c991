import { randomUUID } from 'node:crypto';
import SqliteDriver, { type Database } from 'better-sqlite3';
import {
  Keyset,
  type Contender,
  type DirectoryReads,
  type DirectoryWrites,
  type Open,
  type Reads,
  type Writes,
} from '../../contender';
import { nowMs, type BenchAgent, type BenchEvent } from '../../data';
import { fingerprintKey, foldedName, versionKey } from '../derived-columns';
import { sqlitePragmas } from '../sqlite-pragmas';
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
import * as sql from './sqlite-sql';

type Value = string | number | null;

/** Opens hand-written SQL on better-sqlite3, in statements that are prepared once: the practical limit. */
export const open: Open = (path) => {
  const driver = new SqliteDriver(path);
  for (const pragma of sqlitePragmas) driver.pragma(pragma);
  const agentWrites = once(() => prepareAgentWrites(driver));
  const recordEvent = once(() => prepareRecordEvent(driver));
  // Each write function is itself a transaction. Inside this transaction, the driver turns it into a savepoint.
  const transaction = driver.transaction((agents: readonly BenchAgent[], event: BenchEvent) => {
    for (const agent of agents) void agentWrites().createAgent(agent);
    void recordEvent()(event);
  });
  return {
    ...prepareReads(driver),
    createAgent: (agent) => agentWrites().createAgent(agent),
    createAgents: (agents) => agentWrites().createAgents(agents),
    updateAgent: (agent) => agentWrites().updateAgent(agent),
    updateAgents: (agents) => agentWrites().updateAgents(agents),
    recordEvent: (event) => recordEvent()(event),
    transact: (agents, event) => transaction.immediate(agents, event),
    close: () => void driver.close(),
  };
};

/** Returns a function that calls `prepare` once and returns its result each time. */
function once<T>(prepare: () => T): () => T {
  let prepared: T | undefined;
  return () => (prepared ??= prepare());
}

function prepareReads(driver: Database): Reads & DirectoryReads {
  const agents = (text: string) => once(() => driver.prepare<Value[], AgentRow>(text).raw(true));
  const getAgent = agents(sql.getAgent);
  const searchAgents = agents(sql.searchAgents);
  const agentsWithAll = agents(sql.agentsWithAll);
  const agentsByFingerprint = agents(sql.agentsByFingerprint);
  const agentsOfOwner = agents(sql.agentsOfOwner);
  const agentsAtOffset = agents(sql.agentsAtOffset);
  const agentsAfter = agents(sql.agentsAfter);
  const queryEvents = once(() => driver.prepare<Value[], EventRow>(sql.queryEvents).raw(true));
  const getCertificate = once(() => driver.prepare<Value[], CertificateRow>(sql.getCertificate).raw(true));
  const resolve = once(() => driver.prepare<Value[], ResolvedRow>(sql.resolve).raw(true));
  const facets = once(() => driver.prepare<Value[], FacetRow>(sql.facets).raw(true));
  const keyset = new Keyset();
  return {
    getAgent: (id) => {
      const row = getAgent().get(id);
      return row === undefined ? null : toAgent(row);
    },
    searchAgents: (name, capabilities, limit) => {
      const part = foldedName(name);
      return searchAgents().all(trigramsOf(part), part, JSON.stringify(capabilities), limit).map(toAgent);
    },
    agentsWithAll: (capabilities, limit) =>
      agentsWithAll().all(JSON.stringify(capabilities), capabilities.length, limit).map(toAgent),
    agentsByFingerprint: (fingerprint) => agentsByFingerprint().all(fingerprintKey(fingerprint)).map(toAgent),
    agentsOfOwner: (owner, limit) => agentsOfOwner().all(owner, limit).map(toAgent),
    agentsAtOffset: (offset, limit) => agentsAtOffset().all(limit, offset).map(toAgent),
    nextPage: (isFirst, size) => {
      const last = keyset.after(isFirst);
      if (last === undefined) return keyset.moveTo(agentsAtOffset().all(size, 0).map(toAgent));
      const ms = last.updatedAt.getTime();
      return keyset.moveTo(agentsAfter().all(ms, ms, last.id, size).map(toAgent));
    },
    queryEvents: (from, to, severities, limit) =>
      queryEvents()
        .all(from.getTime(), to.getTime(), ...severities, limit)
        .map(toEvent),
    getCertificateByFingerprint: (fingerprint) => {
      const row = getCertificate().get(fingerprintKey(fingerprint));
      return row === undefined ? null : toCertificate(row);
    },
    resolve: ({ name, owner, major, protocol, capability }) => {
      const range = [versionKey(`${major}.0.0`), versionKey(`${major + 1}.0.0`)];
      return toResolved(resolve().get(name, owner, nowMs, nowMs, nowMs, ...range, protocol, capability), protocol);
    },
    facets: (capability) => toFacets(facets().all(capability)),
  };
}

/** Returns a full-text query for names with all trigrams of `part`, which has at least three characters. */
function trigramsOf(part: string): string {
  const trigrams = Array.from({ length: part.length - 2 }, (_, start) => part.slice(start, start + 3));
  return trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}

function prepareAgentWrites(driver: Database): Omit<Writes, 'recordEvent' | 'transact'> & DirectoryWrites {
  const insertAgent = driver.prepare<Value[]>(sql.insertAgent);
  const updateAgent = driver.prepare<Value[]>(sql.updateAgent);
  const deleteEndpoints = driver.prepare<[string]>(sql.deleteEndpoints);
  const unlinkCapabilities = driver.prepare<[string], string>(sql.unlinkCapabilities).pluck(true);
  const deleteUnused = driver.prepare<[string]>(sql.deleteUnused);
  const deleteMetadata = driver.prepare<[string]>(sql.deleteMetadata);
  const insertCollections = prepareCollections(driver);

  const create = (agent: BenchAgent): string => {
    insertAgent.run(agent.id, ...columnsOf(agent));
    insertCollections(agent);
    return agent.id;
  };
  const createOne = driver.transaction(create);
  const createAll = driver.transaction((agents: readonly BenchAgent[]) => {
    for (const agent of agents) create(agent);
  });
  const update = (agent: BenchAgent): boolean => {
    if (updateAgent.run(...columnsOf(agent), agent.id, agent.status).changes === 0) return false;
    deleteEndpoints.run(agent.id);
    deleteMetadata.run(agent.id);
    const unlinked = unlinkCapabilities.all(agent.id);
    insertCollections(agent);
    deleteUnused.run(JSON.stringify(unlinked));
    return true;
  };
  const updateOne = driver.transaction(update);
  const updateAll = driver.transaction((agents: readonly BenchAgent[]) => {
    for (const agent of agents) update(agent);
  });
  return {
    createAgent: (agent) => createOne.immediate(agent),
    createAgents: (agents) => createAll.immediate(agents),
    updateAgent: (agent) => updateOne.immediate(agent),
    updateAgents: (agents) => updateAll.immediate(agents),
  };
}

function prepareCollections(driver: Database): (agent: BenchAgent) => void {
  const insertEndpoint = driver.prepare<Value[]>(sql.insertEndpoint);
  const linkCapabilities = driver.prepare<[string, string]>(sql.linkCapabilities);
  const insertCapability = driver.prepare<[string, string]>(sql.insertCapability);
  const insertMetadata = driver.prepare<[string, string, string]>(sql.insertMetadata);
  return ({ id, endpoints, capabilities, metadata }) => {
    endpoints.forEach(({ id: endpointId, protocol, address, port, health }, position) => {
      insertEndpoint.run(
        id,
        endpointId,
        position,
        protocol,
        address,
        port,
        health.status,
        health.lastChecked.getTime(),
      );
    });
    const names = JSON.stringify(capabilities);
    // Tries to insert only links first, because most agents have only capabilities that already exist.
    const linked = linkCapabilities.run(id, names).changes;
    if (linked < capabilities.length) {
      for (const name of capabilities) insertCapability.run(randomUUID(), name);
      linkMissing(driver, id, names);
    }
    for (const [key, value] of Object.entries(metadata)) insertMetadata.run(id, key, JSON.stringify(value));
  };
}

function linkMissing(driver: Database, id: string, names: string): void {
  driver.prepare(`${sql.linkCapabilities} WHERE TRUE ON CONFLICT DO NOTHING`).run(id, names);
}

function columnsOf(agent: BenchAgent): Value[] {
  const { name, publicKey, certificateId, defaultEndpoint, version, description, status, owner } = agent;
  return [
    name,
    foldedName(name),
    publicKey,
    certificateId,
    defaultEndpoint,
    version,
    versionKey(version),
    description,
    agent.createdAt.getTime(),
    agent.updatedAt.getTime(),
    agent.expiresAt.getTime(),
    status,
    owner,
  ];
}

function prepareRecordEvent(driver: Database): Contender['recordEvent'] {
  const insertEvent = driver.prepare<Value[]>(sql.insertEvent);
  const insertMetadata = driver.prepare<[string, string, string]>(sql.insertEventMetadata);
  const record = driver.transaction((event: BenchEvent): string => {
    const { id, timestamp, eventType, severity, source, target, description } = event;
    const mitigated = event.mitigationApplied ? 1 : 0;
    insertEvent.run(id, timestamp.getTime(), eventType, severity, source, target, description, mitigated, null);
    for (const [key, value] of Object.entries(event.metadata)) insertMetadata.run(id, key, JSON.stringify(value));
    return id;
  });
  return (event) => record.immediate(event);
}

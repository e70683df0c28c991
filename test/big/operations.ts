import type { AgentRecord, DatabaseService, ResolutionQuery, SecurityEvent, SecurityEventQuery } from '../../src';
import { capabilityOf, eventId } from '../../scripts/bench/data';
import { afterAllEvents, bigAgent, bigCertificate, bigEvent, mitigatedEvery, pruneTime, type Sizes } from './big-data';

/** Result of an operation: the number of rows, and values for the assertions. */
export type Outcome = Readonly<Record<string, number | boolean>> & { readonly rows: number };

export type Operation = (db: DatabaseService, sizes: Sizes) => Promise<Outcome>;

/** Number of records in one call that writes many. */
const chunkSize = 5000;
/** Number of records that one query returns. */
const pageSize = 1000;
const statuses = ['ACTIVE', 'DEPRECATED'] as const;

/**
 * Operations that are measured, each in a separate process. They must not keep rows, whose memory would be measured,
 * too.
 */
export const operations = {
  'certificates.create': async (db, { agents }) => {
    await inChunks(agents, 500, (first, end) =>
      db.transaction(async (tx) => {
        for (let index = first; index < end; index += 1) await tx.certificates.create(bigCertificate(index));
      }),
    );
    return { rows: agents };
  },

  'agents.createMany': async (db, sizes) => {
    let told = 0;
    let refused = 0;
    await inChunks(sizes.agents, chunkSize, async (first, end) => {
      const agents = range(first, end).map((index) => bigAgent(index, sizes));
      const results = await db.agents.createMany(agents, {
        allowRevokedCertificate: true,
        onError: 'collect',
        onProgress: (done, total) => (told += done === total ? total : 0),
      });
      refused += results.filter(({ ok }) => !ok).length;
    });
    return { rows: sizes.agents, told, refused };
  },

  'events.recordMany': async (db, sizes) => {
    let ids = 0;
    await inChunks(sizes.events, chunkSize, async (first, end) => {
      ids += (await db.events.recordMany(range(first, end).map((index) => bigEvent(index, sizes)))).length;
    });
    return { rows: ids };
  },

  'events.markMitigated': async (db, { events }) => {
    let rows = 0;
    for (let index = 0; index < events; index += mitigatedEvery) {
      if (await db.events.markMitigated(eventId(index), { applied: true, details: 'blocked' })) rows += 1;
    }
    return { rows };
  },

  'agents.iterate': (db) => walkAgents(db, {}, byId),

  'agents.iterate, by name': (db) => walkAgents(db, { orderBy: 'name' }, byName),

  'agents.iterate, by capability': (db) => walkAgents(db, { capabilities: [capabilityOf(0)] }, byId),

  'events.iterate': (db) => walkEvents(db, {}),

  'events.iterate, by severity': (db) => walkEvents(db, { severities: ['INFO', 'CRITICAL'] }),

  'events.iterate, by metadata': (db) => walkEvents(db, { metadata: { attempts: 3 } }),

  'events.verify': verify,

  'events.verify, after pruning': verify,

  'events.verify, after pruning all events': verify,

  'events.count, events.aggregate': async (db) => {
    const byType = await db.events.aggregate({}, { by: 'eventType' });
    return { rows: await db.events.count(), together: byType.reduce((sum, { count }) => sum + count, 0) };
  },

  'agents.expireDue': async (db) => ({
    rows: await db.agents.expireDue(),
    again: await db.agents.expireDue(),
    expired: await db.agents.count({ status: ['EXPIRED'] }),
    due: await db.agents.count({ status: statuses, expiresBefore: new Date() }),
    revoked: await db.agents.count({ status: ['REVOKED'] }),
  }),

  'certificates.expireDue': async (db) => ({
    rows: await db.certificates.expireDue(),
    again: await db.certificates.expireDue(),
  }),

  'certificates.query, by offset': async (db) => {
    const seen = { EXPIRED: 0, REVOKED: 0, VALID: 0, SUSPENDED: 0 };
    for (let offset = 0; ; offset += pageSize) {
      const page = await db.certificates.query({ orderBy: 'createdAt', limit: pageSize, offset });
      for (const { status } of page) seen[status] += 1;
      if (page.length < pageSize) break;
    }
    return { rows: seen.EXPIRED + seen.REVOKED + seen.VALID, expired: seen.EXPIRED, revoked: seen.REVOKED };
  },

  'changes, followed': async (db) => {
    const seen = { rows: 0, created: 0, updated: 0, inOrder: true };
    let last = 0;
    for await (const { sequence, kind } of db.followChanges({ pollMs: 0 })) {
      seen.inOrder &&= sequence > last;
      last = sequence;
      seen.rows += 1;
      if (kind === 'CREATED') seen.created += 1;
      if (kind === 'UPDATED') seen.updated += 1;
    }
    return seen;
  },

  'changes, pruned': async (db) => ({
    rows: await db.pruneChanges({ before: new Date(Date.now() + 60_000) }),
    left: (await db.changes()).length,
  }),

  'events.prune, three quarters': async (db, sizes) => ({ rows: await db.events.prune({ before: pruneTime(sizes) }) }),

  'events.prune, all': async (db) => ({ rows: await db.events.prune({ before: afterAllEvents }) }),
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;

async function verify(db: DatabaseService): Promise<Outcome> {
  const verification = await db.events.verify();
  if (!verification.valid) return { rows: verification.entries, valid: false };
  const { entries, head, checkpoint } = verification;
  return { rows: entries, valid: true, gone: checkpoint?.sequence ?? 0, head: head.sequence };
}

async function inChunks(
  count: number,
  size: number,
  work: (first: number, end: number) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < count; first += size) await work(first, Math.min(count, first + size));
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, position) => first + position);
}

async function walkAgents(
  db: DatabaseService,
  query: ResolutionQuery,
  isBefore: (one: AgentRecord, other: AgentRecord) => boolean,
): Promise<Outcome> {
  return walk(db.agents.iterate(query), await db.agents.count(query), isBefore);
}

async function walkEvents(db: DatabaseService, query: SecurityEventQuery): Promise<Outcome> {
  return walk(db.events.iterate(query), await db.events.count(query), newestEventFirst);
}

/**
 * Counts records that are read one by one. In strict order no record occurs twice, so that the expected number means
 * that all records were read.
 */
async function walk<T>(
  records: AsyncIterable<T>,
  count: number,
  isBefore: (one: T, other: T) => boolean,
): Promise<Outcome> {
  let rows = 0;
  let inOrder = true;
  let last: T | undefined;
  for await (const record of records) {
    if (last !== undefined) inOrder &&= isBefore(last, record);
    last = record;
    rows += 1;
  }
  return { rows, inOrder, isAll: rows === count };
}

function byId(one: AgentRecord, other: AgentRecord): boolean {
  return one.id < other.id;
}

function byName(one: AgentRecord, other: AgentRecord): boolean {
  return one.name === other.name ? one.id < other.id : one.name < other.name;
}

function newestEventFirst(one: SecurityEvent, other: SecurityEvent): boolean {
  const difference = one.timestamp.getTime() - other.timestamp.getTime();
  return difference === 0 ? one.id < other.id : difference > 0;
}

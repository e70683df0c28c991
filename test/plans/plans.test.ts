import { defaultChecks } from '../support/default-checks';
import type { AgentFilterQuery, CertificateQuery, ResolutionQuery, ResolveRequest, SecurityEventQuery } from '../../src'; // prettier-ignore
import { buildFacets } from '../../src/agents/facets/statement';
import { parseFacets } from '../../src/agents/facets/validation';
import { buildAgentCount, buildAgentQuery } from '../../src/agents/query/builder';
import { deprecationStatements } from '../../src/agents/deprecation';
import { agentStatements } from '../../src/agents/statements';
import { parseFilterQuery, parseResolutionQuery } from '../../src/agents/query/validation';
import { buildCertificateQuery } from '../../src/certificates/query/builder';
import { parseCertificateQuery } from '../../src/certificates/query/validation';
import { buildEventQuery } from '../../src/events/query/builder';
import { parseEventQuery } from '../../src/events/query/validation';
import { buildResolution } from '../../src/resolution/statement';
import { parseResolveRequest } from '../../src/resolution/validation';
import type { Statement } from '../../src/sql/statement';
import { onPostgresql } from '../support/engine';
import { agentInput, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';
import { dialect, readPlan } from './read-plan';

const nowMs = Date.UTC(2026, 0, 1);
const shared = shareTestDatabase({}, fill);
const planOf = (statement: Statement, withBitmaps = false) => readPlan(shared(), statement, withBitmaps);

/** Fills the database with enough agents for PostgreSQL to choose between indexes. */
async function fill({ db, options }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const agentAt = (place: number) =>
    agentInput({
      certificateId,
      name: `Agent ${place}`,
      owner: `owner-${place % 100}`,
      status: place % 2 === 0 ? 'ACTIVE' : 'SUSPENDED',
      createdAt: new Date(nowMs + place),
      updatedAt: new Date(nowMs + ((place * 7) % 3000)),
      expiresAt: new Date(nowMs + place * 1000),
    });
  await db.agents.createMany(Array.from({ length: 3000 }, (_, place) => agentAt(place)));
  if (onPostgresql) await changeRaw({ options }, 'ANALYZE agents');
}

function resolve(query: ResolutionQuery, isLaterPage = false): Statement {
  const { filter, order, limitOffset } = parseResolutionQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const isTime = order.field.endsWith('At');
  const position = { value: isTime ? nowMs + 1500 : order.field === 'status' ? 'ACTIVE' : 'x', id: '8' };
  const after = isLaterPage ? position : undefined;
  return buildAgentQuery(dialect, { filter, order, after, limit: limitOffset.limit ?? 20, offset: 0, nowMs });
}

/** Pattern of steps that scan a whole table or index, except the scan in the requested order up to `scan_end`. */
const fullScan = onPostgresql
  ? /Seq Scan on (agents|endpoints|agent_|certificates)/
  : /^SCAN (?!(?:first_selective|candidate|selective|fallback|page|scanned_page|scan_end|wanted|rarest|w\b|u\b|[stu] VIRTUAL|\(subquery|json_each|entry|CONSTANT))(?!a USING COVERING INDEX)/;

const facetsBy = ['capability', 'owner', 'protocol', 'status', 'health', { metadata: 'key' }] as const;
test.each<ResolutionQuery>([
  { id: 'x' },
  { fingerprint: 'aa' },
  { owner: 'x' },
  { exactName: 'x' },
  { name: 'lantern' },
  { name: 'lantern', capabilities: ['x', 'y'] },
  { name: 'lantern', owner: 'x', status: ['ACTIVE'] },
  { capabilities: ['x'] },
  { capabilities: ['x', 'y', 'z'], allCapabilities: true },
  { metadata: { key: 1, other: 'x' } },
  { protocol: 'https' },
  { health: ['HEALTHY'], protocol: 'https', capabilities: ['x'] },
  { owners: ['x', 'y'] },
  { names: ['x', 'y'] },
  { address: 'x' },
  { address: 'x', protocol: 'https', health: ['HEALTHY'] },
  { certificateStatus: ['REVOKED'] },
  { capabilities: ['x'], not: { owner: 'x', metadata: { key: 1 } } },
  { latest: true, owner: 'x' },
  { latest: true, exactName: 'x' },
  { latest: true, capabilities: ['x'] },
])('the plan of a selective query contains no scan of a whole table: %j', async (query) => {
  expect((await planOf(resolve(query), true)).filter((step) => fullScan.test(step))).toEqual([]);
  const { filter } = parseResolutionQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const count = await planOf(buildAgentCount(dialect, filter, nowMs), true);
  expect(count.filter((step) => fullScan.test(step))).toEqual([]);
});

test.each<AgentFilterQuery>([
  { owner: 'x' },
  { address: 'x' },
  { capabilities: ['x'] },
  { certificateStatus: ['REVOKED'] },
  { names: ['x', 'y'], not: { metadata: { key: 1 } } },
  { latest: true, owner: 'x' },
])('the plan of facets with a selective query contains no scan of a whole table: %j', async (query) => {
  const filter = parseFilterQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  for (const by of facetsBy) {
    const facets = parseFacets([{ by }], defaultChecks);
    const scans = (await planOf(buildFacets(dialect, { filter, facets, nowMs }), true)).filter((step) => fullScan.test(step)); // prettier-ignore
    // SQLite reads the matching agents by the name `m`, or `a` for their own columns.
    const ofMatching = by === 'owner' || by === 'status' ? 'a' : 'm';
    const derived = ['pairs', 'facets', 'facet_0', 'groups_0', ofMatching].map((table) => `SCAN ${table}`);
    expect(scans.filter((step) => !derived.includes(step))).toEqual([]);
  }
});

const byIndex = (index: string): RegExp =>
  onPostgresql
    ? new RegExp(`Index (Only )?Scan (Backward )?using ${index} `)
    : new RegExp(`USING (COVERING )?INDEX ${index}`);

test.each<ResolveRequest>([
  { name: 'x' },
  { name: 'x', owner: 'x', version: '^1', protocol: 'https', capabilities: ['x'] },
  { name: 'x', allowDeprecated: true },
])('the plan of resolve finds the agents by an index of their name: %j', async (request) => {
  const statement = buildResolution(dialect, [parseResolveRequest(request, defaultChecks)], nowMs);
  const steps = (await planOf(statement)).filter((step) => /idx_agents_\w+/.test(step));
  const isByName = byIndex('idx_agents_(?:name|latest)');
  expect(steps).not.toEqual([]);
  for (const step of steps) expect(step).toMatch(isByName);
});

/** Returns the sorts in a plan, except those of the page's own records, of their collections, and of no rows. */
async function sortsOf(statement: Statement): Promise<string[]> {
  const sorts = (await planOf(statement)).filter(
    (step, place, steps) =>
      /^(->\s+)?Sort\b(?! Key)|TEMP B-TREE FOR ORDER BY/.test(step) &&
      !/^->\s+Aggregate/.test(steps[place - 1] ?? '') &&
      !steps.slice(place + 1, place + 4).some((next) => /^->\s+Result\b/.test(next)),
  );
  return sorts.slice(1);
}

describe('The plan of a page of agents', () => {
  const primaryKey = onPostgresql ? 'agents_pkey' : 'sqlite_autoindex_agents_1';
  test.each<[ResolutionQuery, string]>([
    [{}, 'idx_agents_updated_at'],
    [{ orderDirection: 'asc' }, 'idx_agents_updated_at'],
    [{ orderBy: 'id' }, primaryKey],
    [{ orderBy: 'name' }, 'idx_agents_name'],
    [{ orderBy: 'owner' }, 'idx_agents_owner_id'],
    [{ orderBy: 'createdAt' }, 'idx_agents_created_at'],
    [{ orderBy: 'expiresAt' }, 'idx_agents_expires_at'],
    [{ owner: 'owner-7' }, 'idx_agents_owner'],
    // Half of all agents have this status: either index is a good choice.
    [{ status: ['ACTIVE'] }, onPostgresql ? 'idx_agents_(status|updated_at)' : 'idx_agents_status'],
  ])('the plan of a page of agents reads an index in the requested order: %j from %s', async (query, index) => {
    for (const isLaterPage of [false, true]) {
      const statement = resolve(query, isLaterPage);
      expect((await planOf(statement)).join('\n')).toMatch(byIndex(index));
      expect(await sortsOf(statement)).toEqual([]);
    }
  });

  test.each<[ResolutionQuery, string]>([
    [{ status: ['REVOKED'], orderBy: 'name' }, 'idx_agents_name'],
    [{ status: ['REVOKED', 'EXPIRED'] }, 'idx_agents_updated_at'],
  ])(
    'the plan of a page of agents can use the index of the status or of the order: %j from %s',
    async (query, index) => {
      for (const isLaterPage of [false, true]) {
        const plan = (await planOf(resolve(query, isLaterPage))).join('\n');
        expect(plan).toMatch(byIndex('idx_agents_status(_id)?'));
        expect(plan).toMatch(byIndex(index));
      }
    },
  );

  test.each<[ResolutionQuery, string]>([
    [{ orderBy: 'status' }, 'idx_agents_status_id'],
    [{ orderBy: 'status', orderDirection: 'desc' }, 'idx_agents_status_id'],
    [{ orderBy: 'status', status: ['ACTIVE'] }, 'idx_agents_status_id'],
    [{ orderBy: 'version' }, 'idx_agents_version_key'],
    [{ orderBy: 'version', orderDirection: 'desc' }, 'idx_agents_version_key'],
  ])(
    'the plan of a page of agents reads ranges of an index and sorts only that page: %j from %s',
    async (query, index) => {
      for (const isLaterPage of [false, true]) {
        const statement = resolve(query, isLaterPage);
        const steps = (await planOf(statement)).filter((step) => / on agents\b|^(SCAN|SEARCH) a\b/.test(step));
        // The primary key finds the records of the page. SQLite gives the union of the ranges as the scan of a table `a`.
        const unions = steps.filter((step) => step === 'SCAN a');
        expect(unions.length).toBeLessThanOrEqual(1);
        const ranges = steps.filter((step) => step !== 'SCAN a' && !/PRIMARY KEY|agents_pkey/.test(step));
        expect(ranges).not.toEqual([]);
        for (const step of ranges) expect(step).toMatch(byIndex(index));
        expect((await sortsOf(statement)).length).toBeLessThanOrEqual(1);
      }
    },
  );

  test('the plan of a page of agents starts the index scan at the keyset position', async () => {
    const plan = (await planOf(resolve({}, true))).join('\n');
    expect(plan).toMatch(onPostgresql ? /Index Cond: \(updated_at <= / : /idx_agents_updated_at \(updated_at<\?\)/);
  });
});

test('the plan of agents.expireDue finds the due agents by the index on expires_at', async () => {
  const plan = await planOf(agentStatements(dialect).expireDue({ now: nowMs, limit: 250 }, undefined));
  expect(plan.join('\n')).toMatch(byIndex('idx_agents_expires_at'));
});

test('the plan of a query with latest reads the best version of an agent from its index without a sort', async () => {
  for (const query of [{}, { owner: 'x' }, { capabilities: ['x'] }]) {
    const plan = await planOf(resolve({ ...query, latest: true }), true);
    const ofBest = plan.filter((step) => / b(_\d)? |^SEARCH b /.test(step));
    expect(ofBest).not.toEqual([]);
    for (const step of ofBest) expect(step).toMatch(byIndex('idx_agents_latest'));
    expect(plan.join('\n')).not.toMatch(/LAST \d TERMS|Incremental Sort/);
  }
});

test('the plans of a deletion find the deprecated agents of a successor by the index on successor_id', async () => {
  const { selectForUpdate } = agentStatements(dialect);
  const { clearSuccessors } = deprecationStatements(dialect);
  for (const statement of [
    selectForUpdate({ id: 'x', endpointId: null }),
    clearSuccessors({ ids: '["x","y"]', now: nowMs }),
  ]) {
    const plan = (await planOf(statement)).join('\n');
    expect(plan).toMatch(byIndex('idx_agents_successor_id'));
    expect(plan).not.toMatch(fullScan);
  }
});

test.each<[CertificateQuery, string]>([
  [{}, 'idx_certificates_created_at'],
  [{ orderBy: 'notBefore' }, 'idx_certificates_not_before'],
  [{ orderBy: 'notAfter' }, 'idx_certificates_not_after'],
  [{ orderBy: 'subject' }, 'idx_certificates_subject'],
])('the plan of a query of certificates reads an index in the requested order: %j from %s', async (query, index) => {
  const { filter, order } = parseCertificateQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const statement = buildCertificateQuery(dialect, { filter, order, limit: 20, offset: 0, scopeOwner: undefined });
  expect((await planOf(statement)).join('\n')).toMatch(byIndex(index));
  expect(await sortsOf(statement)).toEqual([]);
});

describe('The plan of a query of events', () => {
  const select = (query: SecurityEventQuery): Statement => {
    const { filter } = parseEventQuery(query, defaultChecks);
    if (filter === null) throw new Error('the query matches nothing');
    return buildEventQuery(dialect, { filter, limit: 20 });
  };

  test.each<[SecurityEventQuery, string]>([
    [{}, 'idx_security_events_timestamp'],
    [{ eventTypes: ['x'] }, 'idx_security_events_event_type'],
    [{ source: 'x' }, 'idx_security_events_source'],
    [{ target: 'x' }, 'idx_security_events_target'],
    [{ severities: ['HIGH'] }, 'idx_security_events_severity'],
  ])('the plan of a query of events reads an index in the requested order: %j from %s', async (query, index) => {
    expect((await planOf(select(query))).join('\n')).toMatch(byIndex(index));
    expect(await sortsOf(select(query))).toEqual([]);
  });

  test('the plan of a query of events finds the mitigations by an index', async () => {
    const indexes = onPostgresql
      ? ['idx_security_event_entries_mitigated', 'idx_security_event_pending_entries_mitigated']
      : ['idx_security_event_entries_event_id'];
    const plan = (await planOf(select({}))).join('\n');
    for (const index of indexes) expect(plan).toMatch(byIndex(index));
  });

  test.each<[SecurityEventQuery, string]>([
    [{ eventTypes: ['x', 'y', 'z'] }, 'idx_security_events_event_type'],
    [{ minSeverity: 'MEDIUM' }, 'idx_security_events_severity'],
  ])(
    'a query of events reads an index once for each listed value and sorts only the found rows: %j from %s',
    async (query, index) => {
      const plan = await planOf(select(query));
      expect(plan.filter((step) => byIndex(index).test(step))).toHaveLength(3);
      expect((await sortsOf(select(query))).length).toBeLessThanOrEqual(1);
    },
  );
});

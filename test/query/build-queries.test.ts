import type { CertificateQuery, ResolutionQuery } from '../../src';
import { buildAgentQuery } from '../../src/agents/query/builder';
import { parseResolutionQuery } from '../../src/agents/query/validation';
import { buildCertificateQuery } from '../../src/certificates/query/builder';
import { parseCertificateQuery } from '../../src/certificates/query/validation';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import type { Statement } from '../../src/sql/statement';
import { defaultChecks } from '../support/default-checks';

function buildAgents(query: ResolutionQuery): Statement {
  const { filter, order, limitOffset } = parseResolutionQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const { limit = 10, offset = 0 } = limitOffset;
  return buildAgentQuery(sqliteDialect, { filter, order, limit, offset, nowMs: 1_700_000_000_000 });
}

const hostile = `x' OR 1=1; DROP TABLE agents; -- %_\\ "`;

describe('buildAgentQuery', () => {
  test('buildAgentQuery binds every value and writes none into the SQL text', () => {
    const { sql, args } = buildAgents({
      ids: [hostile],
      name: hostile,
      exactName: hostile,
      names: [hostile],
      owner: hostile,
      owners: [hostile],
      fingerprint: hostile,
      capabilities: [hostile],
      protocol: hostile,
      address: hostile,
      not: { owners: [hostile], address: hostile },
      metadata: { [hostile]: hostile },
      version: hostile,
    });
    expect(sql).not.toContain('DROP');
    expect(sql.split('?')).toHaveLength(args.length + 1);
    expect(args.filter((argument) => String(argument).toLowerCase().includes('drop table')).length).toBe(14);
  });

  test('buildAgentQuery returns the same SQL text for lists of any length', () => {
    const short = buildAgents({ ids: ['a'], capabilities: ['x'], metadata: { key: 1 } });
    const long = buildAgents({
      ids: ['a', 'b', 'c'],
      capabilities: ['x', 'y'],
      metadata: { key: 1, other: { a: [] } },
    });
    expect(long.sql).toBe(short.sql);
    expect(long.args).toHaveLength(short.args.length);
  });

  test('buildAgentQuery returns the same SQL text for all version ranges', () => {
    const ranges = ['1.0.0', '>1', '^1.0.0-a', '1.0.0 || 2.x || >=3.0.0-b <4', '*', '>2 <1'];
    expect(new Set(ranges.map((version) => buildAgents({ version }).sql)).size).toBe(1);
  });

  test('buildAgentQuery returns SQL without conditions when the query is empty', () => {
    const { sql, args } = buildAgents({});
    expect(args).toEqual([10, 0]);
    expect(sql.replace(/\s+/g, ' ')).toContain('WHERE TRUE ORDER BY a.updated_at DESC, a.id ASC');
    expect(sql).not.toMatch(/name_folded|fingerprint|wanted|certificates/);
  });

  test.each([
    [{ name: 'long', capabilities: ['x'] }, ['agent_names_search', 'agent_capabilities']],
    [{ name: 'no', capabilities: ['x'] }, ['agent_capabilities', 'agent_names']],
    [{ capabilities: ['x', 'y'], allCapabilities: true, name: 'long' }, ['agent_capabilities', 'agent_names_search']],
    [{ owner: 'o', exactName: 'n', protocol: 'p' }, ['agents', 'agents', 'endpoints']],
    [{ metadata: { key: 1 }, name: 'long' }, ['agent_metadata', 'agent_names_search']],
    [{ name: 'long', status: ['ACTIVE'] }, ['agent_names_search', 'agents']],
    [{ status: ['ACTIVE'], orderBy: 'name' }, ['agents']],
    [{ status: ['ACTIVE', 'REVOKED'] }, ['agents']],
    [{ status: ['ACTIVE'] }, []],
    [{ status: ['ACTIVE'], orderBy: 'version' }, ['agents']],
    [{ status: ['ACTIVE', 'REVOKED'], orderBy: 'status' }, []],
    [{ status: ['ACTIVE'], owner: 'o', orderBy: 'name' }, []],
    [{ owner: 'o' }, []],
    [{ exactName: 'n' }, []],
    [{ fingerprint: 'AA', name: 'long' }, []],
    [{ owners: ['o'], names: ['n'] }, ['agents', 'agents']],
    [{ address: 'a', owner: 'o' }, ['agents', 'endpoints']],
    [{ certificateStatus: ['REVOKED'] }, ['certificates']],
    [{ createdAfter: new Date(1) }, ['agents']],
    [{ createdAfter: new Date(1), owner: 'o', status: ['ACTIVE'] }, ['agents']],
    [{ createdAfter: new Date(1), updatedAfter: new Date(1), status: ['ACTIVE'] }, ['agents']],
    [{ updatedAfter: new Date(1), owner: 'o' }, []],
    [{ not: { owner: 'o' } }, []],
    [{ id: 'i', capabilities: ['x'] }, []],
  ] satisfies [ResolutionQuery, string[]][])(
    'buildAgentQuery plans the candidate sources for %j in the order %j',
    (query, tables) => {
      const sources = buildAgents(query).sql.matchAll(
        /candidate\.id FROM \(SELECT \w+\.\w+(?: AS id)? FROM (?:wanted w CROSS JOIN )?(\w+)/g,
      );
      expect([...sources].map(([, table]) => table)).toEqual(tables);
    },
  );

  test.each([
    [{ protocol: 'p' }, true],
    [{ protocol: 'p', orderBy: 'name', limit: 1000, offset: 1 }, true],
    [{ protocol: 'p', limit: 1000, offset: 2 }, false],
    [{ protocol: 'p', orderBy: 'version' }, false],
  ] satisfies [ResolutionQuery, boolean][])(
    'buildAgentQuery scans an index in the requested order for %j: %s',
    (query, isScanned) => {
      expect(buildAgents(query).sql.includes('scanned_page')).toBe(isScanned);
    },
  );

  test.each([
    [{}, undefined],
    [{ orderBy: 'name' }, undefined],
    [{ orderBy: 'version' }, undefined],
    [{ includeExpired: true, allCapabilities: true, not: { ids: [] } }, undefined],
    [{ owner: 'o' }, undefined],
    [{ owner: 'o', orderDirection: 'asc' }, 'scan'],
    [{ owner: 'o', orderBy: 'name', orderDirection: 'desc' }, 'scan'],
    [{ owner: 'o', includeExpired: false }, 'scan'],
    [{ exactName: 'n' }, 'scan'],
    [{ limit: 1000, offset: 1 }, undefined],
    [{ limit: 1000, offset: 2 }, 'many'],
    [{ ids: ['a'], limit: 2000 }, undefined],
  ] satisfies [ResolutionQuery, Statement['cost']][])(
    'buildAgentQuery estimates the cost of %j as %s',
    (query, cost) => {
      expect(buildAgents(query).cost).toBe(cost);
    },
  );
});

function buildCertificates(query: CertificateQuery): Statement {
  const { filter, order, limitOffset } = parseCertificateQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const { limit = 10, offset = 0 } = limitOffset;
  return buildCertificateQuery(sqliteDialect, { filter, order, limit, offset, scopeOwner: undefined });
}

describe('buildCertificateQuery', () => {
  test.each<[CertificateQuery, string | undefined]>([
    [{ subject: 'a' }, 'subject'],
    [{ issuer: 'a' }, 'issuer'],
    [{ issuer: 'a', subject: 'a' }, 'subject'],
    [{ subject: 'a', status: ['VALID'], expiresBefore: new Date(1) }, 'subject'],
    [{ status: ['VALID'] }, undefined],
    [{ subject: 'a', ids: ['a'] }, undefined],
    [{ subject: 'a', fingerprint: 'a' }, undefined],
    [{ issuer: 'a', metadata: { a: 1 } }, undefined],
  ])('buildCertificateQuery reads the certificates that match %j from the candidates of %s', (query, field) => {
    const { sql } = buildCertificates(query);
    expect(/candidates AS MATERIALIZED \(SELECT n\.id .*?n\.(\w+)_folded/.exec(sql)?.[1]).toBe(field);
    // The residual filter omits the condition that all candidates meet.
    if (field !== undefined) expect(sql).not.toContain(`c.${field}_folded`);
  });

  test.each<[CertificateQuery, Statement['cost']]>([
    [{}, 'scan'],
    [{ subject: 'a' }, 'scan'],
    [{ limit: 990, offset: 10 }, 'scan'],
    [{ limit: 991, offset: 10 }, 'many'],
    [{ fingerprint: 'a', limit: 2000 }, undefined],
    [{ ids: ['a'], limit: 2000 }, undefined],
  ])('buildCertificateQuery estimates the cost of %j as %s', (query, cost) => {
    expect(buildCertificates(query).cost).toBe(cost);
  });
});

test.each<[string, (query: { ids: string[] }) => Statement]>([
  ['buildAgentQuery', buildAgents],
  ['buildCertificateQuery', buildCertificates],
])('%s gives a query with more than 200 ids the cost "many"', (_, build) => {
  const ids = Array.from({ length: 201 }, (_id, index) => String(index));
  expect(build({ ids: ids.slice(1) }).cost).toBeUndefined();
  expect(build({ ids }).cost).toBe('many');
});

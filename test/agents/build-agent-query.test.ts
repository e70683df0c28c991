import { buildAgentQuery } from '../../src/agents/build-agent-query';
import { parseResolutionQuery } from '../../src/agents/parse-resolution-query';
import type { ResolutionQuery } from '../../src';
import { sqliteDialect } from '../../src/client/sqlite/sqlite-dialect';
import type { Statement } from '../../src/sql/statement';

function build(query: ResolutionQuery): Statement {
  const { filter, order, window } = parseResolutionQuery(query);
  if (filter === null) throw new Error('the query matches nothing');
  const { limit = 10, offset } = window;
  return buildAgentQuery(sqliteDialect, { filter, order, limit, offset, nowMs: 1_700_000_000_000 });
}

const hostile = `x' OR 1=1; DROP TABLE agents; -- %_\\ "`;

describe('buildAgentQuery, without a database', () => {
  test('binds every value of the caller, and splices none', () => {
    const { sql, args } = build({
      ids: [hostile],
      name: hostile,
      exactName: hostile,
      owner: hostile,
      fingerprint: hostile,
      capabilities: [hostile],
      protocol: hostile,
      metadata: { [hostile]: hostile },
      version: hostile,
    });
    expect(sql).not.toContain('DROP');
    expect(sql.split('?')).toHaveLength(args.length + 1);
    expect(args.filter((argument) => String(argument).toLowerCase().includes('drop table')).length).toBe(9);
  });

  test('has one text for lists of any length, so that it is prepared once', () => {
    const short = build({ ids: ['a'], capabilities: ['x'], metadata: { key: 1 } });
    const long = build({ ids: ['a', 'b', 'c'], capabilities: ['x', 'y'], metadata: { key: 1, other: { a: [] } } });
    expect(long.sql).toBe(short.sql);
    expect(long.args).toHaveLength(short.args.length);
  });

  test('asks of nothing that the query does not mention', () => {
    const { sql, args } = build({});
    expect(args).toEqual([10, 0]);
    expect(sql).toContain('WHERE TRUE ORDER BY a.updated_at DESC, a.id ASC');
    expect(sql).not.toMatch(/name_folded|fingerprint|wanted|certificates/);
  });

  test.each([
    [{ fingerprint: 'AA' }, 'FROM certificates f CROSS JOIN agents a'],
    [{ capabilities: ['x', 'y'], allCapabilities: true, name: 'n' }, 'FROM agent_capabilities r CROSS JOIN agents a'],
    [{ name: 'n', capabilities: ['x'] }, 'FROM named CROSS JOIN agents a'],
    [{ capabilities: ['x'] }, 'FROM able CROSS JOIN agents a'],
    [{ owner: 'o', name: 'n', capabilities: ['x'] }, 'SELECT a.id FROM agents a'],
    [{ id: 'i', fingerprint: 'AA', name: 'n' }, 'SELECT a.id FROM agents a'],
  ] satisfies [ResolutionQuery, string][])('starts %j from what leads to the fewest agents', (query, from) => {
    expect(build(query).sql.replace(/\s+/g, ' ')).toContain(from);
  });

  test.each([
    [{ orderBy: 'name' }, 'ORDER BY a.name ASC, a.id ASC LIMIT'],
    [{ orderBy: 'created_at', orderDirection: 'desc' }, 'ORDER BY a.created_at DESC, a.id ASC LIMIT'],
    [{ orderBy: 'version', orderDirection: 'desc' }, 'ORDER BY a.version_key DESC NULLS LAST, a.id ASC LIMIT'],
    [{ orderBy: 'id', orderDirection: 'desc' }, 'ORDER BY a.id DESC LIMIT'],
    [{ orderDirection: 'asc' }, 'ORDER BY a.updated_at ASC, a.id ASC LIMIT'],
  ] satisfies [ResolutionQuery, string][])('orders %j totally', (query, orderBy) => {
    expect(build(query).sql.replace(/\s+/g, ' ')).toContain(orderBy);
  });
});

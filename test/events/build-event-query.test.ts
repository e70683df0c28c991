import type { SecurityEventQuery } from '../../src';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import { buildEventQuery } from '../../src/events/query/builder';
import { parseEventQuery } from '../../src/events/query/validation';
import type { Statement } from '../../src/sql/statement';
import { defaultChecks } from '../support/default-checks';

function build(query: SecurityEventQuery): Statement {
  const { filter, limitOffset } = parseEventQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  return buildEventQuery(sqliteDialect, { filter, limit: limitOffset.limit ?? 10, offset: limitOffset.offset });
}

const types = (count: number): string[] => Array.from({ length: count }, (_, index) => `type ${index}`);

describe('buildEventQuery', () => {
  test.each<[SecurityEventQuery, number]>([
    [{}, 0],
    [{ eventTypes: types(1) }, 0],
    [{ eventTypes: types(2) }, 2],
    [{ eventTypes: types(8) }, 8],
    [{ eventTypes: types(9) }, 0],
    [{ severities: ['LOW'] }, 0],
    [{ severities: ['LOW', 'INFO'] }, 2],
    [{ minSeverity: 'LOW' }, 4],
    [{ minSeverity: 'LOW', severities: ['INFO', 'LOW', 'HIGH'] }, 2],
    [{ eventTypes: types(3), severities: ['LOW', 'INFO'] }, 3],
    [{ eventTypes: types(9), severities: ['LOW', 'INFO'] }, 0],
    [{ eventTypes: types(3), ids: ['a'] }, 0],
    [{ eventTypes: types(3), source: 'a' }, 0],
    [{ eventTypes: types(3), target: 'a' }, 0],
    [{ eventTypes: types(3), metadata: { a: 1 } }, 0],
    [{ eventTypes: types(3), from: new Date(1), mitigationApplied: true }, 3],
  ])('buildEventQuery reads the events that match %j in %i parts', (query, parts) => {
    expect([...build(query).sql.matchAll(/AS part\b/g)]).toHaveLength(parts);
  });

  test('buildEventQuery composes one subquery for each event type', () => {
    expect(build({ eventTypes: ['x', 'y'], source: undefined, limit: 7, offset: 2 }).args).toEqual([
      ...['x', 9, 'y', 9],
      ...[7, 2],
    ]);
  });

  test.each<[SecurityEventQuery, Statement['cost']]>([
    [{}, undefined],
    [{ from: new Date(1) }, undefined],
    [{ eventTypes: types(8) }, undefined],
    [{ eventTypes: types(9) }, 'scanEvents'],
    [{ minSeverity: 'LOW' }, undefined],
    [{ source: 'a' }, undefined],
    [{ source: 'a', target: 'a' }, 'scanEvents'],
    [{ mitigationApplied: false }, 'scanEvents'],
    [{ metadata: { a: 1 } }, 'scanEvents'],
    [{ limit: 991, offset: 10 }, undefined],
    [{ limit: 992, offset: 10 }, 'manyEvents'],
    [{ ids: ['a'], limit: 2000 }, undefined],
    [{ ids: Array.from({ length: 201 }, String) }, 'manyEvents'],
  ])('buildEventQuery estimates the cost of %j as %s', (query, cost) => {
    expect(build(query).cost).toBe(cost);
  });
});

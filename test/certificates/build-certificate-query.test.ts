import type { CertificateQuery } from '../../src';
import { buildCertificateQuery } from '../../src/certificates/query/builder';
import { parseCertificateQuery } from '../../src/certificates/query/validation';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import type { Statement } from '../../src/sql/statement';
import { defaultChecks } from '../support/default-checks';

function build(query: CertificateQuery): Statement {
  const { filter, order, limitOffset } = parseCertificateQuery(query, defaultChecks);
  if (filter === null) throw new Error('the query matches nothing');
  const { limit = 10, offset = 0 } = limitOffset;
  return buildCertificateQuery(sqliteDialect, { filter, order, limit, offset });
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
  ])('reads the certificates of %j from the candidates of %s', (query, field) => {
    const { sql } = build(query);
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
    [{ ids: Array.from({ length: 201 }, String) }, 'many'],
  ])('estimates the cost of %j as %s', (query, cost) => {
    expect(build(query).cost).toBe(cost);
  });
});

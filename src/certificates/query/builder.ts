import type { FilterKey } from '../../query/filter-terms';
import { orderTerms } from '../../query/order';
import { defineCachedStatement } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { allOf, costOfRecords, limitOffset, withCost, type Statement, type StatementCost } from '../../sql/statement';
import { isHeldOnlyBy } from '../held-only-by';
import { certificateColumns } from '../rows';
import type { CertificateOrderField } from './types';
import { certificateFilterTerms, type CertificateFilter, type CertificateFilterSql } from './filter-fields';
import type { CertificateOrder } from './validation';

/** Filter, order and range of a certificate query. */
interface CertificateSelection {
  readonly filter: CertificateFilter;
  readonly order: CertificateOrder;
  readonly limit: number;
  readonly offset: number;
  /**
   * Owner to whom the query is limited: it returns certificates that agents of this owner, and of no other owner, hold.
   * Undefined for all owners.
   */
  readonly scopeOwner: string | undefined;
}

/** Cache key of a certificate query: everything that the SQL text of the query depends on. */
interface CertificateQueryKey {
  readonly filter: FilterKey;
  readonly order: CertificateOrder;
  readonly isOwned: boolean;
}

/**
 * Builds the statement that answers a certificate query. The statement first finds the row keys of the requested page,
 * and then reads the certificates with these keys. So it reads whole certificates only for that page.
 */
export function buildCertificateQuery(dialect: Dialect, selection: CertificateSelection): Statement {
  return withCost(costOf(selection), certificateQueries(dialect)(selection));
}

// Returns the cost of a certificate query. Only a query by ids or by a fingerprint reads few certificates. A query by
// subject or issuer may search all certificates, and many certificates may have the same status.
function costOf({ filter, limit, offset }: CertificateSelection): StatementCost | undefined {
  if (filter.ids !== undefined) return costOfRecords(filter.ids.length);
  if (filter.fingerprint !== undefined) return undefined;
  return limit + offset > 1000 ? 'many' : 'scan';
}

// Composes the columns of a certificate only once per engine: they are most of the SQL text and never change.
const columnsOf = memoizeByDialect((dialect) => raw(certificateColumns(dialect).sql));

const certificateQueries = memoizeByDialect((dialect) =>
  defineCachedStatement<CertificateSelection, CertificateQueryKey>(
    ({ filter, order, scopeOwner }) => ({
      filter: certificateFilterTerms.cacheKeyOf(filter),
      order,
      isOwned: scopeOwner !== undefined,
    }),
    ({ filter, order, isOwned }, bind) => {
      const range = limitOffset(
        bind(({ limit }) => limit),
        bind(({ offset }) => offset),
      );
      const owner = isOwned ? () => bind(({ scopeOwner }) => scopeOwner ?? null) : undefined;
      return composeQuery(dialect, certificateFilterTerms.toSql(filter, bind), orderBy(dialect, order), range, owner);
    },
  ),
);

function composeQuery(
  dialect: Dialect,
  filter: CertificateFilterSql,
  order: Sql,
  range: Sql,
  owner: (() => Sql) | undefined,
): Sql {
  const { tables, from, residual } = planSearch(dialect, filter, owner);
  const isOwned = owner === undefined ? [] : [isHeldOnlyBy(sql`c.id`, owner())];
  const page = sql`page AS MATERIALIZED (SELECT c.${dialect.rowKey} AS key FROM ${from}
    WHERE ${allOf([...residual.conditions({ dialect }), ...isOwned])} ORDER BY ${order} ${range})`;
  return sql`WITH ${join([...tables, page])}
    SELECT ${columnsOf(dialect)} FROM page ${dialect.lateralLookup(dialect.rowKey, 'certificates', 'c', sql`page.key`)} ORDER BY ${order}`;
}

interface SearchPlan {
  readonly tables: readonly Sql[];
  /**
   * FROM clause with the certificates that must be tested, under the alias `c`: those of a candidate source (an index
   * that finds them), or all.
   */
  readonly from: Sql;
  /** Conditions that the candidate source does not test; all conditions without a candidate source. */
  readonly residual: CertificateFilterSql;
}

// Chooses the index with which a query finds certificates. A selective filter, such as ids, needs no candidate source:
// an index of the table `certificates` finds the few matching certificates. For one owner, the candidates are the
// certificates of the owner's agents: their number does not depend on the size of the directory.
function planSearch(dialect: Dialect, filter: CertificateFilterSql, owner: (() => Sql) | undefined): SearchPlan {
  const from = (candidates: Sql): Pick<SearchPlan, 'tables' | 'from'> => ({
    tables: [sql`candidates AS MATERIALIZED (${candidates})`],
    from: sql`candidates ${dialect.lateralLookup(sql`id`, 'certificates', 'c', sql`candidates.id`)}`,
  });
  const all = { tables: [], from: sql`certificates c`, residual: filter };
  if (filter.isSelective) return all;
  if (owner !== undefined) {
    return {
      ...from(sql`SELECT DISTINCT a.certificate_id AS id FROM agents a WHERE a.owner = ${owner()}`),
      residual: filter,
    };
  }
  const [best] = filter.sources({ dialect });
  return best === undefined ? all : { ...from(best.source.candidates), residual: filter.without(best.name) };
}

const orderColumns: Readonly<Record<CertificateOrderField, Sql>> = {
  id: sql`c.id`,
  subject: sql`c.subject`,
  notBefore: sql`c.not_before`,
  notAfter: sql`c.not_after`,
  createdAt: sql`c.created_at`,
};

function orderBy(dialect: Dialect, { field, direction }: CertificateOrder): Sql {
  const column = orderColumns[field];
  const keys = field === 'subject' ? dialect.orderByLongText(column) : [column];
  return orderTerms(keys, direction, field === 'id' ? undefined : sql`c.id`);
}

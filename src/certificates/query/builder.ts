import { ownersWithMetadata } from '../../query/metadata-condition';
import { textPart, type Dialect, type TextPart } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import {
  allOf,
  withCost,
  costOfRecords,
  inJsonArray,
  toStatement,
  limitOffset,
  type Statement,
  type StatementCost,
} from '../../sql/statement';
import { certificateColumns } from '../rows';
import type { CertificateFilter, CertificateOrder } from './validation';
import type { CertificateOrderField } from '../types';

/** Filter, order and range of a selection of certificates. */
export interface CertificateSelection {
  readonly filter: CertificateFilter;
  readonly order: CertificateOrder;
  readonly limit: number;
  readonly offset: number;
}

// Its text is most of the statement's, and always the same.
const columnsOf = memoizeByDialect((dialect) => raw(certificateColumns(dialect).sql));

/**
 * One statement, whatever is asked for. It finds the ids of the page first, and only then the whole certificates, so that
 * nothing is put together that is not returned.
 */
export function buildCertificateQuery(dialect: Dialect, selection: CertificateSelection): Statement {
  const { filter, order, limit, offset } = selection;
  const orderBy = orderTerms(dialect, order);
  const { definitions, from, conditions } = search(dialect, filter);
  const page = sql`page AS MATERIALIZED (SELECT c.${dialect.rowKey} AS key FROM ${from}
    WHERE ${allOf(conditions)} ORDER BY ${orderBy} ${limitOffset(limit, offset)})`;
  const composed = toStatement(sql`WITH ${join([...definitions, page])}
    SELECT ${columnsOf(dialect)} FROM page ${dialect.lateralLookup(dialect.rowKey, 'certificates', 'c', sql`page.key`)} ORDER BY ${orderBy}`);
  return withCost(costOf(selection), composed);
}

// Subjects and issuers are searched among all certificates, and many certificates may have the same status.
function costOf({ filter, limit, offset }: CertificateSelection): StatementCost | undefined {
  if (filter.ids !== undefined) return costOfRecords(filter.ids.length);
  if (filter.fingerprintKey !== undefined) return undefined;
  return limit + offset > 1000 ? 'many' : 'scan';
}

interface Search {
  readonly definitions: readonly Sql[];
  readonly from: Sql;
  readonly conditions: readonly Sql[];
}

// A part of a text is looked for in its narrow index first, not in the certificates with their PEM texts, unless something
// else leads to few of them.
function search(dialect: Dialect, filter: CertificateFilter): Search {
  const { ids, fingerprintKey, metadata, subjectPart, issuerPart } = filter;
  const isLed = [ids, fingerprintKey, metadata].some((field) => field !== undefined);
  if (isLed || (subjectPart ?? issuerPart) === undefined) {
    return { definitions: [], from: sql`certificates c`, conditions: conditionsOf(dialect, filter) };
  }
  const [part, rest] =
    subjectPart === undefined
      ? [{ issuerPart }, { ...filter, issuerPart: undefined }]
      : [{ subjectPart }, { ...filter, subjectPart: undefined }];
  const named = sql`named AS MATERIALIZED (
    SELECT n.id FROM certificates n WHERE ${allOf(partConditions(dialect, sql`n`, part))})`;
  return {
    definitions: [named],
    from: sql`named ${dialect.lateralLookup(sql`id`, 'certificates', 'c', sql`named.id`)}`,
    conditions: conditionsOf(dialect, rest),
  };
}

type Parts = Partial<Pick<CertificateFilter, 'subjectPart' | 'issuerPart'>>;

function partConditions(dialect: Dialect, table: Sql, { subjectPart, issuerPart }: Parts): Sql[] {
  const conditions: Sql[] = [];
  if (subjectPart !== undefined)
    conditions.push(dialect.containsIndexed(sql`${table}.subject_folded`, toPart(subjectPart)));
  if (issuerPart !== undefined)
    conditions.push(dialect.containsIndexed(sql`${table}.issuer_folded`, toPart(issuerPart)));
  return conditions;
}

function toPart(text: string): TextPart {
  return textPart(text, (derive) => sql`${derive(text)}`);
}

function conditionsOf(dialect: Dialect, filter: CertificateFilter): Sql[] {
  const { ids, statuses, fingerprintKey, expiresBeforeMs, expiresAfterMs, metadata } = filter;
  const conditions = partConditions(dialect, sql`c`, filter);
  if (ids !== undefined) conditions.push(inJsonArray(dialect, sql`c.id`, sql`${JSON.stringify(ids)}`));
  if (fingerprintKey !== undefined) conditions.push(sql`c.fingerprint_key = ${fingerprintKey}`);
  if (statuses !== undefined) conditions.push(sql`c.status IN (${join(statuses)})`);
  if (expiresBeforeMs !== undefined) conditions.push(sql`c.not_after < ${dialect.fromMs(sql`${expiresBeforeMs}`)}`);
  if (expiresAfterMs !== undefined) conditions.push(sql`c.not_after > ${dialect.fromMs(sql`${expiresAfterMs}`)}`);
  if (metadata !== undefined) {
    const owners = ownersWithMetadata(
      dialect,
      { table: 'certificate_metadata', ownerColumn: 'certificate_id' },
      metadata,
    );
    conditions.push(sql`c.id IN (${owners})`);
  }
  return conditions;
}

const orderColumns: Readonly<Record<CertificateOrderField, Sql>> = {
  id: sql`c.id`,
  subject: sql`c.subject`,
  notBefore: sql`c.not_before`,
  notAfter: sql`c.not_after`,
  createdAt: sql`c.created_at`,
};

// The id makes the order total, so that pages neither overlap nor skip.
function orderTerms(dialect: Dialect, { field, direction }: CertificateOrder): Sql {
  const column = orderColumns[field];
  const keys = field === 'subject' ? dialect.orderByLongText(column) : [column];
  const directed = keys.map((key) => (direction === 'asc' ? sql`${key} ASC` : sql`${key} DESC`));
  return join(field === 'id' ? directed : [...directed, sql`c.id ASC`]);
}

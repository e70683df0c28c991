import {
  choices,
  comparedTime,
  idList,
  parseChoices,
  parsePart,
  parseTexts,
  partKeyOf,
  toTextPart,
  type PartKey,
} from '../../query/common-terms';
import {
  fieldsIn,
  type CandidateSource,
  type FilterFieldName,
  type FilterFields,
  type FilterOf,
  type TermInput,
} from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import { FilterTerms } from '../../query/filter-terms';
import { hasMetadata } from '../../query/metadata-condition';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import { toFingerprintKey } from '../fingerprint';
import { CertificateStatus } from '../types';
import type { CertificateQuery } from './types';

/** Context from which the SQL conditions on a certificate are composed. The alias of the certificate is `c`. */
interface CertificateContext {
  readonly dialect: Dialect;
}

/** Index that finds exactly the certificates that match one condition of a query. */
interface CertificateSource extends CandidateSource {
  /** Query that returns the ids of the certificates that the index finds. */
  readonly candidates: Sql;
}

export type CertificateFilterSql = FilterSql<CertificateContext, CertificateSource>;

const { field } = fieldsIn<CertificateContext, CertificateSource>();

/** Filter fields of a certificate query. The conditions in the SQL have this order. */
const fields = {
  subject: textPartField(sql`subject_folded`, 0),
  issuer: textPartField(sql`issuer_folded`, 1),
  ids: field({ parse: parseTexts, ...idList(sql`c.id`), isSelective: true }),
  fingerprint: field({
    parse: (value, path, checks) => toFingerprintKey(checks.name(value, path)),
    isSelective: true,
    condition: ({ bind }) => sql`c.fingerprint_key = ${bind((key) => key)}`,
  }),
  status: field({ parse: parseChoices(CertificateStatus), ...choices(sql`c.status`) }),
  expiresBefore: field(comparedTime((time) => sql`c.not_after < ${time}`)),
  expiresAfter: field(comparedTime((time) => sql`c.not_after > ${time}`)),
  metadata: field({
    ...hasMetadata(sql`c.id`, { table: 'certificate_metadata', ownerColumn: 'certificate_id' }),
    isSelective: true,
  }),
} satisfies FilterFields<FilterFieldName<CertificateQuery>, CertificateContext, CertificateSource>;

/** Validated filter of a certificate query. */
export type CertificateFilter = FilterOf<typeof fields>;

export const certificateFilterTerms = new FilterTerms<typeof fields, CertificateContext, CertificateSource>(fields);

// Returns a filter field for a part of a column's text, in any case. The candidate source reads only the small index of
// the column, because the certificates themselves contain long PEM texts.
function textPartField(column: Sql, rank: number) {
  const contains = (table: Sql, input: TermInput<string, PartKey>, { dialect }: CertificateContext): Sql =>
    dialect.containsIndexed(sql`${table}.${column}`, toTextPart(input));
  return field({
    parse: parsePart,
    cacheKey: partKeyOf,
    condition: (input, context) => contains(sql`c`, input, context),
    source: (input, context) => ({
      rank,
      candidates: sql`SELECT n.id FROM certificates n WHERE ${contains(sql`n`, input, context)}`,
    }),
  });
}

import { CertificateStatus } from '../../certificates/types';
import { choices, parseChoices } from '../../query/common-terms';
import { sql } from '../../sql/sql';
import { exists, field, rankOf } from './filter-term';

const hasStatus = choices<CertificateStatus>(sql`cert.status`);

/** Filter term for agents whose certificate has one of the given statuses. */
export const certificateStatus = field({
  parse: parseChoices(CertificateStatus),
  cacheKey: hasStatus.cacheKey,
  condition: (input) =>
    exists(sql`certificates cert WHERE cert.id = a.certificate_id AND ${hasStatus.condition(input)}`),
  source: (input, { dialect }) => {
    const agents = dialect.lateralLookup(sql`certificate_id`, 'agents', 'n', sql`cert.id`);
    return {
      rank: rankOf.certificateStatus,
      candidates: sql`SELECT n.id FROM certificates cert ${agents} WHERE ${hasStatus.condition(input)}`,
      hasDuplicates: false,
      // Uses a plain join, so that PostgreSQL can read both tables once: most agents may match.
      fallback: sql`SELECT n.id FROM certificates cert JOIN agents n ON n.certificate_id = cert.id
        WHERE ${hasStatus.condition(input)}`,
      isExact: true,
      isOwnColumn: false,
    };
  },
});

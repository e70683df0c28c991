import { invalidInput } from '../../errors/failure';
import { sql, type Sql } from '../../sql/sql';
import { exists, field } from './filter-term';
import { isRelease } from './version-term';

/**
 * Filter term for the best version of each owner and name: the agent that `resolve` prefers among the usable agents
 * that are not deprecated. The condition looks up the best version for each agent that the rest of the query finds. The
 * lookup uses the index `idx_agents_latest`, which contains the ACTIVE agents in the order of {@link
 * versionPreference}.
 */
export const latest = field({
  parse: (value, path): true => {
    if (value === true) return true;
    throw invalidInput(path, 'must be true: omit it to find all versions');
  },
  condition: (_, { dialect, nowMs }) => {
    const now = dialect.fromMs(nowMs);
    const hasCertificate = (alias: Sql): Sql =>
      exists(sql`certificates c WHERE c.id = ${alias}.certificate_id AND ${isUsableCertificate(now)}`);
    // `equalsLongText` lets PostgreSQL use the index `idx_agents_latest`, which contains only the first characters of
    // owners and names.
    const isSameLine = sql`${dialect.equalsLongText(sql`b.owner`, sql`a.owner`)}
      AND ${dialect.equalsLongText(sql`b.name`, sql`a.name`)}`;
    const best = sql`SELECT b.id FROM agents b WHERE ${isSameLine} AND b.status = 'ACTIVE'
      AND ${dialect.unindexed(sql`b.expires_at`)} > ${now} AND ${hasCertificate(sql`b`)}
      ORDER BY ${versionPreference(sql`b`)} LIMIT 1`;
    // Tests the agent itself first, because the lookup reads every better version that is not usable. CASE ensures this
    // order. It also prevents the database from listing all ACTIVE agents by an index. If no version is usable, the
    // result must be false and not null, so that NOT makes it true.
    return sql`CASE WHEN a.status <> 'ACTIVE' OR a.expires_at <= ${now} THEN FALSE WHEN ${hasCertificate(sql`a`)}
      THEN a.id IS NOT DISTINCT FROM (${best}) ELSE FALSE END`;
  },
});

/** Composes the condition that a certificate `c` is VALID and within its validity. */
export function isUsableCertificate(now: Sql): Sql {
  return sql`c.status = 'VALID' AND c.not_before <= ${now} AND c.not_after > ${now}`;
}

/**
 * Composes the order of usable agents, the best version first. Releases come before prereleases, and versions that are
 * not semantic come last. Then the highest version, the last update and the lowest id come first.
 *
 * @param alias - alias of the table with the agents.
 * @param hasVersion - SQL condition that a version was requested. Then a prerelease may come before a release.
 */
export function versionPreference(alias: Sql, hasVersion?: Sql): Sql {
  const isPreferred = hasVersion === undefined ? isRelease(alias) : sql`${hasVersion} OR ${isRelease(alias)}`;
  return sql`CASE WHEN ${alias}.version_key IS NULL THEN 2 WHEN ${isPreferred} THEN 0 ELSE 1 END,
    ${alias}.version_key DESC, ${alias}.updated_at DESC, ${alias}.id`;
}

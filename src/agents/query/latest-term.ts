import { invalidInput } from '../../errors/failure';
import { sql, type Sql } from '../../sql/sql';
import { exists, field } from './filter-term';
import { isRelease } from './version-term';

/**
 * Filter term for the best version of each owner and name: the agent that `resolve` prefers among the usable agents that
 * are not deprecated. For each agent that the rest of the query finds, the condition looks up the best one in the index
 * `idx_agents_latest`, which has the order of {@link versionPreference} and only ACTIVE agents.
 */
export const latest = field({
  parse: (value, path): true => {
    if (value === true) return true;
    throw invalidInput(path, 'must be true: omit it to find all versions');
  },
  condition: (_, { dialect, nowMs }) => {
    const now = dialect.fromMs(nowMs);
    const certificate = exists(sql`certificates c WHERE c.id = b.certificate_id AND ${isUsableCertificate(now)}`);
    const best = sql`SELECT b.id FROM agents b
      WHERE b.owner = a.owner AND b.name = a.name AND b.status = 'ACTIVE' AND b.expires_at > ${now} AND ${certificate}
      ORDER BY ${versionPreference(sql`b`)} LIMIT 1`;
    // The best version is ACTIVE, and most other agents need no lookup. Without a best version, the comparison must be
    // false instead of null, so that NOT makes it true.
    return sql`(${dialect.unindexed(sql`a.status`)} = 'ACTIVE' AND a.id IS NOT DISTINCT FROM (${best}))`;
  },
});

/** Composes the condition that a certificate `c` is VALID and within its validity. */
export function isUsableCertificate(now: Sql): Sql {
  return sql`c.status = 'VALID' AND c.not_before <= ${now} AND c.not_after > ${now}`;
}

/**
 * Composes the order of usable agents, the best version first, in a table with this alias: releases before prereleases,
 * versions that are not semantic last; then the highest version, the last update and the lowest id.
 *
 * @param hasVersion - SQL that is true when a version was requested: then a prerelease may come before a release.
 */
export function versionPreference(alias: Sql, hasVersion?: Sql): Sql {
  const isPreferred = hasVersion === undefined ? isRelease(alias) : sql`${hasVersion} OR ${isRelease(alias)}`;
  return sql`CASE WHEN ${alias}.version_key IS NULL THEN 2 WHEN ${isPreferred} THEN 0 ELSE 1 END,
    ${alias}.version_key DESC, ${alias}.updated_at DESC, ${alias}.id`;
}

import { agentColumns } from '../agents/columns';
import { exists } from '../agents/query/filter-term';
import { isUsableCertificate, versionPreference } from '../agents/query/latest-term';
import { certificateColumns } from '../certificates/rows';
import { defineCachedStatement, type Bind } from '../sql/cached-statement';
import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, costOfRecords, defineStatement, withCost, type Statement } from '../sql/statement';
import {
  keyTextOf,
  requestKeyOf,
  requestRowsOf,
  severalRequests,
  singleRequest,
  type RequestKey,
  type RequestRows,
  type RequestSql,
} from './request-sql';
import type { ResolveTarget } from './validation';

/** Maximum number of versions in one result of `resolve`. */
const maxVersions = raw('100');

/**
 * Builds the statement that resolves requests in one snapshot. Its result has one row for each request, in the order of
 * the requests. Each row has the columns `owners`, `versions` and `acceptedVersions`, then those of `agentColumns` and
 * of `certificateColumns`.
 */
export function buildResolution(dialect: Dialect, targets: readonly ResolveTarget[], nowMs: number): Statement {
  const [target] = targets;
  if (target !== undefined && targets.length === 1) return singleResolution(dialect)({ target, nowMs });
  const statement = resolutions(dialect)({ ...requestRowsOf(targets), nowMs });
  return withCost(costOfRecords(targets.length), statement);
}

interface TimedTarget {
  readonly target: ResolveTarget;
  readonly nowMs: number;
}

const singleResolution = memoizeByDialect((dialect) =>
  defineCachedStatement<TimedTarget, RequestKey>(
    ({ target }) => requestKeyOf(target),
    (key, bind) => {
      const bindTarget: Bind<ResolveTarget> = (read) => bind(({ target }) => read(target));
      return composeResolution(
        singleRequest(key, bindTarget, dialect),
        bind(({ nowMs }) => nowMs),
        dialect,
      );
    },
    keyTextOf,
  ),
);

const resolutions = memoizeByDialect((dialect) =>
  defineStatement<Record<keyof RequestRows, string> & { nowMs: number }>((p) =>
    composeResolution(severalRequests(p, dialect), p('nowMs'), dialect),
  ),
);

function composeResolution(request: RequestSql, nowMs: Sql, dialect: Dialect): Sql {
  const { tables, isUsableStored, isAnyOwner, results, order } = request;
  const best = request.best(allOf([sql`u.is_accepted`, isServed(request)]), preferenceOf(request));
  const columns = [
    sql`CASE WHEN ${isAnyOwner} THEN ${ownersOf(request, dialect)} END`,
    // A result contains a list of versions only if no agent was resolved.
    sql`CASE WHEN b.id IS NULL THEN ${versionsOf(request, sql`TRUE`, dialect)} END`,
    sql`CASE WHEN b.id IS NULL THEN ${versionsOf(request, sql`v.is_accepted`, dialect)} END`,
    agentColumns(dialect),
    certificateColumns(dialect),
  ];
  const all = [
    ...tables,
    sql`usable AS ${isUsableStored ? sql`MATERIALIZED` : sql`NOT MATERIALIZED`} (${usableAgents(request, dialect.fromMs(nowMs), dialect)})`,
    sql`best AS MATERIALIZED (${best})`,
  ];
  return sql`WITH ${join(all)} SELECT ${join(columns)} FROM ${results}
    ${dialect.leftLateralLookup(dialect.rowKey, 'agents', 'a', sql`b.agent_key`)}
    ${dialect.leftLateralLookup(dialect.rowKey, 'certificates', 'c', sql`b.certificate_key`)} ${order}`;
}

// Composes the query of the usable agents. They satisfy all conditions of the request except those on the version and
// the endpoints. `is_accepted` shows whether the request accepts the version. It is a column so that the versions and
// ranges of the request are bound only once.
function usableAgents(request: RequestSql, now: Sql, dialect: Dialect): Sql {
  const { place, namedAgents, agentConditions, isAccepted } = request;
  return sql`SELECT ${place}a.id, a.${dialect.rowKey} AS agent_key, c.${dialect.rowKey} AS certificate_key, a.owner, a.version,
      a.version_key, a.status, a.updated_at, ${isAccepted} AS is_accepted
    FROM ${namedAgents} ${dialect.lateralLookup(sql`id`, 'certificates', 'c', sql`a.certificate_id`)}
    WHERE ${allOf(agentConditions)} AND ${dialect.unindexed(sql`a.expires_at`)} > ${now}
      AND ${isUsableCertificate(now)}`;
}

// Composes the condition that the request accepts an endpoint of the agent `u`, or accepts `u` without endpoints.
function isServed({ endpointConditions, needsNoEndpoint }: RequestSql): Sql {
  const hasEndpoint = (conditions: readonly Sql[]): Sql =>
    exists(sql`endpoints e WHERE ${allOf([sql`e.agent_id = u.id`, ...conditions])}`);
  if (needsNoEndpoint === undefined) return hasEndpoint(endpointConditions);
  return sql`(${hasEndpoint(endpointConditions)} OR (${needsNoEndpoint} AND NOT ${hasEndpoint([])}))`;
}

// Composes the order of usable agents, the best one first. Every release comes before every prerelease, unless a
// version was requested.
function preferenceOf({ isAnyVersion }: RequestSql): Sql {
  return sql`CASE u.status WHEN 'DEPRECATED' THEN 1 ELSE 0 END,
    ${versionPreference(sql`u`, sql`NOT ${isAnyVersion}`)}`;
}

function ownersOf({ isOfRequest }: RequestSql, dialect: Dialect): Sql {
  return sql`(SELECT ${dialect.jsonArrayAggregate(dialect.jsonElement(sql`o.owner`), sql`o.owner`)}
    FROM (SELECT DISTINCT u.owner FROM usable u WHERE ${isOfRequest(sql`u`)}) AS o)`;
}

// Composes the subquery that lists the highest versions that satisfy `condition`, without duplicates, as a JSON array.
function versionsOf({ isOfRequest }: RequestSql, condition: Sql, dialect: Dialect): Sql {
  const order = sql`is_other, version_key DESC, version`;
  return sql`(SELECT ${dialect.jsonArrayAggregate(dialect.jsonElement(sql`version`), order)}
    FROM (SELECT DISTINCT version, version_key, CASE WHEN version_key IS NULL THEN 1 ELSE 0 END AS is_other
      FROM usable v WHERE ${allOf([isOfRequest(sql`v`), condition])} ORDER BY ${order} LIMIT ${maxVersions}) AS listed)`;
}

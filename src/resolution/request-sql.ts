import { hasAllWanted, wantedTable } from '../agents/query/capability-term';
import { exists } from '../agents/query/filter-term';
import type { VersionRange } from '../agents/query/version-range';
import { isRelease } from '../agents/query/version-term';
import type { Bind } from '../sql/cached-statement';
import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';
import { anyOf } from '../sql/statement';
import type { ResolveTarget } from './validation';

/**
 * Parts of the SQL for one or several `resolve` requests. The SQL of a single request must be fast: each value is a
 * bound parameter, and only the necessary conditions are included. The SQL of several requests reads them from a table
 * expression `requests r`.
 */
export interface RequestSql {
  /** Table expressions for the WITH clause. */
  readonly tables: readonly Sql[];
  /** FROM clause for the agents `a` that have the requested names. */
  readonly namedAgents: Sql;
  /**
   * True when the statement reads the usable agents once, into a temporary table. Otherwise it finds the best agent
   * directly, and reads the usable agents again for the lists of versions. The latter is faster for a resolved request.
   */
  readonly isUsableStored: boolean;
  /** Columns that identify the request of a usable agent, each followed by a comma. Empty for a single request. */
  readonly place: Sql;
  /**
   * Conditions on the owner, the status and the capabilities of an agent `a`. For a single request, also on the name.
   */
  readonly agentConditions: readonly Sql[];
  /** SQL condition that the request accepts the version of an agent `a`. */
  readonly isAccepted: Sql;
  /** Conditions that the request sets for an endpoint `e`. */
  readonly endpointConditions: readonly Sql[];
  /** SQL condition that the request also accepts an agent without endpoints. Undefined when no request does. */
  readonly needsNoEndpoint: Sql | undefined;
  /** SQL condition that the request accepts every version. */
  readonly isAnyVersion: Sql;
  /** SQL condition that the request accepts every owner. */
  readonly isAnyOwner: Sql;
  /** Composes the query that selects the best of the usable agents `u` for each request. */
  readonly best: (conditions: Sql, preference: Sql) => Sql;
  /** FROM clause that joins each request `r` with its best agent `b`. */
  readonly results: Sql;
  /** Composes the condition that a usable agent belongs to the request `r`. `alias` is the table of this agent. */
  readonly isOfRequest: (alias: Sql) => Sql;
  /** ORDER BY clause for the order of the requests. Empty for a single request. */
  readonly order: Sql;
}

/**
 * Maximum number of capabilities for which the SQL of a single request has one condition each. For few capabilities,
 * this is faster than a table expression with all of them.
 */
const maxSeparate = 4;

/** Cache key of a single `resolve` request: everything that its SQL text depends on. */
export interface RequestKey {
  readonly hasOwner: boolean;
  readonly hasVersion: boolean;
  /** One element for each range of version keys: 1 when the range contains prereleases, otherwise 0. */
  readonly ranges: readonly (0 | 1)[];
  readonly hasProtocol: boolean;
  /** Number of required capabilities; `many` when there are more than {@link maxSeparate}. */
  readonly capabilities: number | 'many';
  readonly allowsDeprecated: boolean;
  readonly allowsUnhealthy: boolean;
}

/** Returns the cache key of a single `resolve` request. */
export function requestKeyOf(target: ResolveTarget): RequestKey {
  const { owner, version, ranges, protocol, capabilities, allowsDeprecated, allowsUnhealthy } = target;
  return {
    hasOwner: owner !== undefined,
    hasVersion: version !== undefined,
    ranges: ranges.map(([, , hasPrereleases]) => hasPrereleases),
    hasProtocol: protocol !== undefined,
    capabilities: capabilities.length > maxSeparate ? 'many' : capabilities.length,
    allowsDeprecated,
    allowsUnhealthy,
  };
}

/** Returns a text that is different for each cache key. Joining the values is faster than composing JSON. */
export function keyTextOf(key: RequestKey): string {
  return Object.values(key).join(' ');
}

// Composes the columns of an agent in the table `alias`: its id, its row key, and the row key of its certificate.
function bestColumns(alias: Sql): Sql {
  return sql`${alias}.id, ${alias}.agent_key, ${alias}.certificate_key`;
}

/** Composes the SQL of a single `resolve` request. */
export function singleRequest(key: RequestKey, bind: Bind<ResolveTarget>, dialect: Dialect): RequestSql {
  const bound = (field: 'owner' | 'version' | 'protocol'): Sql => bind((target) => target[field] ?? null);
  const rangeBound = (index: number, end: 0 | 1): Sql => bind(({ ranges }) => ranges[index]?.[end] ?? null);
  const isInRange = (hasPrereleases: 0 | 1, index: number): Sql => {
    const isBetween = sql`a.version_key >= ${rangeBound(index, 0)} AND a.version_key < ${rangeBound(index, 1)}`;
    return hasPrereleases === 1 ? sql`(${isBetween})` : sql`(${isBetween} AND ${isRelease(sql`a`)})`;
  };
  const acceptedVersion = (): Sql => anyOf([sql`a.version = ${bound('version')}`, ...key.ranges.map(isInRange)]);
  const names = bind(({ capabilities }) => JSON.stringify(capabilities));
  const status = dialect.unindexed(sql`a.status`);
  const hasCapability = (index: number): Sql => {
    const id = sql`(SELECT w.id FROM capabilities w WHERE w.name = ${bind(({ capabilities }) => capabilities[index] ?? null)})`;
    return exists(sql`agent_capabilities ac WHERE ac.agent_id = a.id AND ac.capability_id = ${id}`);
  };
  const nameCount = bind(({ capabilities }) => capabilities.length);
  return {
    tables: key.capabilities === 'many' ? [wantedTable(dialect, names)] : [],
    namedAgents: sql`agents a`,
    // Stores the usable agents for a request without an owner, because every result then needs the list of owners.
    isUsableStored: !key.hasOwner,
    place: sql``,
    agentConditions: [
      // `equalsLongText` lets PostgreSQL use the index `idx_agents_latest`, which contains only the first characters of
      // names and owners.
      dialect.equalsLongText(
        sql`a.name`,
        bind(({ name }) => name),
      ),
      // `unindexed` prevents the use of an index that begins with the owner or the status. Very many agents may have
      // the same owner or status, but few have the same name.
      ...(key.hasOwner ? [dialect.equalsLongText(dialect.unindexed(sql`a.owner`), bound('owner'))] : []),
      key.allowsDeprecated ? sql`${status} IN ('ACTIVE', 'DEPRECATED')` : sql`${status} = 'ACTIVE'`,
      ...(key.capabilities === 'many'
        ? [hasAllWanted({ dialect, id: sql`a.id` }, nameCount)]
        : Array.from({ length: key.capabilities }, (_, index) => hasCapability(index))),
    ],
    isAccepted: key.hasVersion ? acceptedVersion() : sql`TRUE`,
    endpointConditions: [
      ...(key.hasProtocol ? [sql`e.protocol = ${bound('protocol')}`] : []),
      ...(key.allowsUnhealthy ? [] : [sql`e.health_status <> 'UNHEALTHY'`]),
    ],
    needsNoEndpoint: key.hasProtocol ? undefined : sql`TRUE`,
    isAnyVersion: key.hasVersion ? sql`FALSE` : sql`TRUE`,
    isAnyOwner: key.hasOwner ? sql`FALSE` : sql`TRUE`,
    best: (conditions, preference) =>
      sql`SELECT ${bestColumns(sql`u`)} FROM usable u WHERE ${conditions} ORDER BY ${preference} LIMIT 1`,
    results: sql`(SELECT 1) AS r LEFT JOIN best b ON TRUE`,
    isOfRequest: () => sql`TRUE`,
    order: sql``,
  };
}

/** Parameters of the SQL for several `resolve` requests. Each parameter is a JSON array of rows. */
export interface RequestRows {
  readonly requests: string;
  readonly required: string;
  readonly ranges: string;
}

const requestColumns = {
  ...({ place: 'integer', name: 'text', owner: 'text', version: 'text', protocol: 'text' } as const),
  ...({ allows_deprecated: 'boolean', allows_unhealthy: 'boolean' } as const),
};
const requiredColumns = { place: 'integer', name: 'text' } as const;
const rangeColumns = { place: 'integer', lower: 'text', upper: 'text', has_prereleases: 'boolean' } as const;

/** Returns the parameters of the SQL for several `resolve` requests. */
export function requestRowsOf(targets: readonly ResolveTarget[]): RequestRows {
  const rowsOf = (rows: (target: ResolveTarget, place: number) => readonly unknown[]): string =>
    JSON.stringify(targets.flatMap(rows));
  return {
    requests: rowsOf((target, place) => {
      const { name, owner = null, version = null, protocol = null, allowsDeprecated, allowsUnhealthy } = target;
      return [[place, name, owner, version, protocol, Number(allowsDeprecated), Number(allowsUnhealthy)]];
    }),
    required: rowsOf(({ capabilities }, place) => capabilities.map((name) => [place, name])),
    ranges: rowsOf(({ ranges }, place) => ranges.map((range: VersionRange) => [place, ...range])),
  };
}

/** Composes the SQL of several `resolve` requests. */
export function severalRequests(parameter: (name: keyof RequestRows) => Sql, dialect: Dialect): RequestSql {
  const isInRange = sql`EXISTS (SELECT 1 FROM ranges g WHERE g.place = r.place
    AND a.version_key >= g.lower AND a.version_key < g.upper AND (g.has_prereleases OR ${isRelease(sql`a`)}))`;
  return {
    tables: [
      sql`requests AS MATERIALIZED (SELECT r.* FROM ${dialect.jsonRecordSet(parameter('requests'), 'r', requestColumns)})`,
      sql`required AS MATERIALIZED (SELECT q.place, (SELECT c.id FROM capabilities c WHERE c.name = q.name) AS capability_id
        FROM ${dialect.jsonRecordSet(parameter('required'), 'q', requiredColumns)})`,
      sql`ranges AS MATERIALIZED (SELECT g.* FROM ${dialect.jsonRecordSet(parameter('ranges'), 'g', rangeColumns)})`,
    ],
    isUsableStored: true,
    namedAgents: sql`requests r ${dialect.lateralLookup(sql`name`, 'agents', 'a', sql`r.name`)}`,
    place: sql`r.place, `,
    agentConditions: [
      sql`(r.owner IS NULL OR a.owner = r.owner)`,
      sql`(a.status = 'ACTIVE' OR (a.status = 'DEPRECATED' AND r.allows_deprecated))`,
      sql`NOT EXISTS (SELECT 1 FROM required q WHERE q.place = r.place AND NOT EXISTS (
        SELECT 1 FROM agent_capabilities ac WHERE ac.agent_id = a.id AND ac.capability_id = q.capability_id))`,
    ],
    isAccepted: sql`(r.version IS NULL OR a.version = r.version OR ${isInRange})`,
    endpointConditions: [
      sql`(r.protocol IS NULL OR e.protocol = r.protocol)`,
      sql`(r.allows_unhealthy OR e.health_status <> 'UNHEALTHY')`,
    ],
    needsNoEndpoint: sql`r.protocol IS NULL`,
    isAnyVersion: sql`r.version IS NULL`,
    isAnyOwner: sql`r.owner IS NULL`,
    best: (conditions, preference) => sql`SELECT ranked.place, ${bestColumns(sql`ranked`)} FROM (
      SELECT u.place, ${bestColumns(sql`u`)}, row_number() OVER (PARTITION BY u.place ORDER BY ${preference}) AS preference
      FROM usable u JOIN requests r ON r.place = u.place WHERE ${conditions}) AS ranked WHERE ranked.preference = 1`,
    results: sql`requests r LEFT JOIN best b ON b.place = r.place`,
    isOfRequest: (alias) => sql`${alias}.place = r.place`,
    order: sql`ORDER BY r.place`,
  };
}

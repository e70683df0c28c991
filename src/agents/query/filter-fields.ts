import { toFingerprintKey } from '../../certificates/fingerprint';
import {
  choices,
  comparedTime,
  equalTo,
  idList,
  intersect,
  parseBoolean,
  parseChoices,
  parsePart,
  parseText,
  parseTexts,
  partKeyOf,
  toTextPart,
} from '../../query/common-terms';
import type { FilterFieldName, FilterFields, FilterOf } from '../../query/filter-field';
import { FilterTerms } from '../../query/filter-terms';
import { raw, sql, type Sql } from '../../sql/sql';
import { AgentStatus, HealthStatus } from '../types';
import { checkAnyTime } from '../../validation/checks';
import type { AgentExclusion, ResolutionQuery } from './types';
import { capabilities, withAllRequired, withNames } from './capability-term';
import { certificateStatus } from './certificate-status-term';
import { endpoint } from './endpoint-term';
import { excludedBy } from './excluded-term';
import { latest } from './latest-term';
import { oneOfTexts } from './list-term';
import { metadata } from './metadata-term';
import {
  columnIn,
  exists,
  field,
  partOf,
  rankOf,
  sharedTerm,
  type AgentContext,
  type AgentSource,
} from './filter-term';
import { created, updated } from './time-range-term';
import { version } from './version-term';

const parseTime = (value: unknown, path: string): number => checkAnyTime(value, path);

const ids = sharedTerm('ids', { ...idList(sql`a.id`), isSelective: true });

/**
 * Fields of a resolution query, except `not`. The SQL contains the conditions in the order of these fields, so the
 * cheapest conditions come first.
 */
const included = {
  expiresBefore: field(comparedTime((time) => sql`a.expires_at < ${time}`)),
  expiresAfter: field(comparedTime((time) => sql`a.expires_at > ${time}`)),
  includeExpired: field({
    parse: (value, path, checks) => (parseBoolean(value, path, checks) === true ? undefined : false),
    condition: (_, { dialect, nowMs }) => sql`a.expires_at > ${dialect.fromMs(nowMs)} AND a.status <> 'EXPIRED'`,
  }),
  createdAfter: partOf(created, parseTime, (after, given) => ({ ...given, after })),
  createdBefore: partOf(created, parseTime, (before, given) => ({ ...given, before })),
  updatedAfter: partOf(updated, parseTime, (after, given) => ({ ...given, after })),
  updatedBefore: partOf(updated, parseTime, (before, given) => ({ ...given, before })),
  id: partOf(ids, parseText, (id, given) => intersect([id], given)),
  ids: partOf(ids, parseTexts, intersect),
  exactName: field({
    ...equalTo(sql`a.name`),
    source: ({ bind }) =>
      sourceOfColumn(
        'name',
        bind((name) => name),
      ),
  }),
  names: oneOfTexts('name', 'exactName'),
  owner: field({
    ...equalTo(sql`a.owner`),
    parse: (value, path, checks) => checks.name(checks.owner(value, path), path),
    source: ({ bind }) =>
      sourceOfColumn(
        'owner',
        bind((owner) => owner),
      ),
  }),
  owners: oneOfTexts('owner', 'owner'),
  status: field({
    parse: parseChoices(AgentStatus),
    cacheKey: (statuses: AgentStatus[]) => statuses.length,
    condition: (input, context) => choices<AgentStatus>(columnIn(context, sql`a.status`)).condition(input),
    // The index lists the agents status by status. So an order by another field can use the index only for a single
    // status.
    source: (input) => ({
      rank: rankOf.status,
      candidates: sql`SELECT n.id FROM agents n WHERE ${choices<AgentStatus>(sql`n.status`).condition(input)}`,
      hasDuplicates: false,
      isExact: true,
      isOwnColumn: true,
      orders: input.cacheKey === 1 ? ['status', 'updatedAt'] : ['status'],
    }),
  }),
  name: field({
    parse: parsePart,
    cacheKey: partKeyOf,
    condition: (input, { dialect }) => dialect.containsUnindexed(sql`a.name_folded`, toTextPart(input)),
    source: (input, { dialect }) => ({
      rank: input.cacheKey === 'indexed' ? rankOf.indexedName : rankOf.shortName,
      candidates: dialect.agentsNamed(toTextPart(input)),
      hasDuplicates: false,
      isExact: true,
      isOwnColumn: false,
    }),
  }),
  version,
  fingerprint: field({
    parse: (value, path, checks) => toFingerprintKey(checks.name(value, path)),
    isSelective: true,
    condition: ({ bind }) =>
      sql`a.certificate_id = (SELECT cert.id FROM certificates cert WHERE cert.fingerprint_key = ${bind((key) => key)})`,
  }),
  certificateStatus,
  capabilities: partOf(capabilities, parseTexts, withNames),
  allCapabilities: partOf(capabilities, parseBoolean, withAllRequired),
  hasEndpoint: field({
    parse: parseBoolean,
    cacheKey: (isWanted: boolean) => isWanted,
    condition: ({ cacheKey: isWanted }, { id }) => {
      const hasEndpoint = exists(sql`endpoints e WHERE e.agent_id = ${id}`);
      return isWanted ? hasEndpoint : sql`NOT ${hasEndpoint}`;
    },
  }),
  protocol: partOf(endpoint, parseText, (protocol, given) => ({ ...given, protocol })),
  address: partOf(endpoint, parseText, (address, given) => ({ ...given, address })),
  health: partOf(endpoint, parseChoices(HealthStatus), (health, given) => ({ ...given, health })),
  metadata,
  latest,
} satisfies FilterFields<FilterFieldName<AgentExclusion>, AgentContext, AgentSource>;

/** Fields of a resolution query. */
const fields = {
  ...included,
  not: excludedBy(new FilterTerms<typeof included, AgentContext, AgentSource>(included)),
} satisfies FilterFields<FilterFieldName<ResolutionQuery>, AgentContext, AgentSource>;

/** Filter of a validated resolution query. */
export type AgentFilter = FilterOf<typeof fields>;

export const agentFilterTerms = new FilterTerms<typeof fields, AgentContext, AgentSource>(fields);

// Returns the candidate source for a name or an owner. Does not set `isSelective`, because any number of agents may
// have the same name or owner.
function sourceOfColumn(column: 'name' | 'owner', value: Sql): AgentSource {
  return {
    rank: column === 'name' ? rankOf.exactName : rankOf.owner,
    candidates: sql`SELECT n.id FROM agents n WHERE n.${raw(column)} = ${value}`,
    hasDuplicates: false,
    isExact: true,
    isOwnColumn: true,
  };
}

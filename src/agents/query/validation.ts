import {
  checkAnyTime,
  checkBoolean,
  checkObject,
  checkOneOf,
  hasEmptyFilter,
  ifDefined,
} from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import { checkLimitOffset, type LimitOffset } from '../../validation/limit-offset';
import { toMetadataFilter, type MetadataRow } from '../../metadata/metadata-rows';
import { foldCase } from '../../validation/fold-case';
import { toFingerprintKey } from '../../certificates/fingerprint';
import { agentOrderFields, type AgentOrderField, AgentStatus, HealthStatus, type OrderDirection } from '../types';
import { toVersionRanges, type VersionRange } from './version-range';

/** Filter of a resolution: a checked query in the form in which the database compares values. */
export interface AgentFilter {
  readonly ids: readonly string[] | undefined;
  readonly namePart: string | undefined;
  readonly exactName: string | undefined;
  readonly owner: string | undefined;
  readonly statuses: readonly AgentStatus[] | undefined;
  readonly fingerprintKey: string | undefined;
  /** Without duplicates. */
  readonly capabilities: readonly string[] | undefined;
  readonly allCapabilities: boolean;
  readonly protocol: string | undefined;
  readonly health: readonly HealthStatus[] | undefined;
  readonly metadata: readonly MetadataRow[] | undefined;
  readonly version: { readonly text: string; readonly ranges: readonly VersionRange[] | undefined } | undefined;
  readonly expiresBeforeMs: number | undefined;
  readonly expiresAfterMs: number | undefined;
  readonly includeExpired: boolean;
}

/** In which order, and which part of it. */
export interface AgentOrder {
  readonly field: AgentOrderField;
  readonly direction: OrderDirection;
}

/** A checked query. `filter` is null where nothing can match. */
export interface Resolution {
  readonly filter: AgentFilter | null;
  readonly order: AgentOrder;
  readonly window: LimitOffset;
}

const queryFields = new Set([
  'id',
  'ids',
  'name',
  'exactName',
  'owner',
  'status',
  'fingerprint',
  'capabilities',
  'allCapabilities',
  'protocol',
  'health',
  'metadata',
  'version',
  'expiresBefore',
  'expiresAfter',
  'includeExpired',
  'orderBy',
  'orderDirection',
  'limit',
  'offset',
] as const);

type QueryFields = Readonly<Partial<Record<Parameters<typeof queryFields.add>[0], unknown>>>;

const seedOrderFields: ReadonlyMap<unknown, AgentOrderField> = new Map([
  ['created_at', 'createdAt'],
  ['updated_at', 'updatedAt'],
  ['expires_at', 'expiresAt'],
]);

/** Order of a query without `orderBy`. */
const latestFirst: AgentOrder = { field: 'updatedAt', direction: 'desc' };

/** Order in which a record keeps its position when it changes. */
export const byId: AgentOrder = { field: 'id', direction: 'asc' };

/**
 * Checks the whole query, including parts that cannot change an empty result.
 *
 * @param defaultOrder - order of a query without `orderBy`.
 * @throws INVALID_INPUT
 */
export function parseResolutionQuery(input: unknown, checks: Validator, defaultOrder = latestFirst): Resolution {
  const query = checkObject(input, 'query', queryFields);
  const filter = parseFilter(query, checks);
  return {
    filter: matchesNothing(filter) ? null : filter,
    order: parseOrder(query, defaultOrder),
    window: checkLimitOffset(query),
  };
}

function parseFilter(query: QueryFields, checks: Validator): AgentFilter {
  const id = ifDefined(query.id, 'id', checks.name);
  const ids = ifDefined(query.ids, 'ids', checks.names);
  const name = ifDefined(query.name, 'name', checks.name);
  const fingerprint = ifDefined(query.fingerprint, 'fingerprint', checks.name);
  const capabilities = ifDefined(query.capabilities, 'capabilities', checks.names);
  return {
    ids: id === undefined ? ids : ids === undefined ? [id] : ids.filter((candidate) => candidate === id),
    namePart: name === undefined ? undefined : foldCase(name),
    exactName: ifDefined(query.exactName, 'exactName', checks.name),
    owner: ifDefined(query.owner, 'owner', checks.name),
    statuses: ifDefined(query.status, 'status', (value, field) => checkChoices(value, AgentStatus, field, checks)),
    fingerprintKey: fingerprint === undefined ? undefined : toFingerprintKey(fingerprint),
    capabilities: capabilities === undefined ? undefined : [...new Set(capabilities)],
    allCapabilities: ifDefined(query.allCapabilities, 'allCapabilities', checkBoolean) ?? false,
    protocol: ifDefined(query.protocol, 'protocol', checks.name),
    health: ifDefined(query.health, 'health', (value, field) => checkChoices(value, HealthStatus, field, checks)),
    metadata: ifDefined(query.metadata, 'metadata', (value, field) => toMetadataFilter(value, field, checks)),
    version: ifDefined(query.version, 'version', (value, field) => parseVersion(checks.name(value, field))),
    expiresBeforeMs: ifDefined(query.expiresBefore, 'expiresBefore', checkAnyTime),
    expiresAfterMs: ifDefined(query.expiresAfter, 'expiresAfter', checkAnyTime),
    includeExpired: ifDefined(query.includeExpired, 'includeExpired', checkBoolean) ?? true,
  };
}

// An empty owner must never show every tenant's agents, nor an empty list everything.
function matchesNothing(filter: AgentFilter): boolean {
  if (filter.version?.text === '') return true;
  return hasEmptyFilter(filter);
}

function parseOrder(query: QueryFields, defaultOrder: AgentOrder): AgentOrder {
  const field = ifDefined(query.orderBy, 'orderBy', (value, path) => {
    return seedOrderFields.get(value) ?? checkOneOf(value, agentOrderFields, path);
  });
  const direction = ifDefined(query.orderDirection, 'orderDirection', (value, path) => {
    return checkOneOf(value, ['asc', 'desc'] as const, path);
  });
  if (field !== undefined) return { field, direction: direction ?? 'asc' };
  return { field: defaultOrder.field, direction: direction ?? defaultOrder.direction };
}

function parseVersion(text: string): AgentFilter['version'] & object {
  return { text, ranges: toVersionRanges(text) };
}

function checkChoices<T extends string>(
  value: unknown,
  allowed: Readonly<Record<string, T>>,
  field: string,
  checks: Validator,
): T[] {
  return [...new Set(checks.list(value, field, (element, path) => checkOneOf(element, allowed, path)))];
}

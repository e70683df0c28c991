import { isIndexedPart, textPart, type TextPart } from '../../sql/dialect';
import type { Sql } from '../../sql/sql';
import { boundParameter } from '../../sql/statement';
import { toEntriesJson } from '../../metadata/metadata-rows';
import type { AgentPlace } from './cursor';
import type { AgentFilter, AgentOrder } from './validation';

/** Filter, order and range of a selection of agents. */
export interface AgentSelection {
  readonly filter: AgentFilter;
  readonly order: AgentOrder;
  /** Position after which to begin; undefined: at the beginning. */
  readonly after?: AgentPlace | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Time up to which agents count as expired, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** Conditions of a filter, with a bound parameter for each value. Omits absent conditions. */
export interface FilterSlots {
  /** JSON. */
  readonly ids?: Sql | undefined;
  readonly namePart?: TextPart | undefined;
  readonly exactName?: Sql | undefined;
  readonly owner?: Sql | undefined;
  readonly statuses?: readonly Sql[] | undefined;
  readonly fingerprintKey?: Sql | undefined;
  /** `names` is JSON. */
  readonly capabilities?: { readonly names: Sql; readonly count: Sql; readonly areAllWanted: boolean } | undefined;
  readonly protocol?: Sql | undefined;
  readonly health?: readonly Sql[] | undefined;
  /** `entries` is JSON. */
  readonly metadata?: { readonly entries: Sql; readonly count: Sql } | undefined;
  /** `ranges` is JSON; absent when the version is not a range. */
  readonly version?: { readonly text: Sql; readonly ranges: Sql | undefined } | undefined;
  readonly expiresBeforeMs?: Sql | undefined;
  readonly expiresAfterMs?: Sql | undefined;
  /** Current time in milliseconds since 1970; set when expired agents are excluded. */
  readonly nowMs?: Sql | undefined;
}

type ByFilter = Pick<AgentSelection, 'filter' | 'nowMs'>;

/**
 * Returns the cache key of the statements for a filter: every property, except the values, that {@link filterSlots}
 * reads.
 */
export function shapeOfFilter({ filter }: ByFilter): string {
  const { namePart, statuses, capabilities, health, metadata, version } = filter;
  const has = (value: unknown): string => (value === undefined ? '-' : '+');
  return [
    has(filter.ids),
    namePart === undefined ? '-' : isIndexedPart(namePart),
    has(filter.exactName),
    has(filter.owner),
    statuses?.length,
    has(filter.fingerprintKey),
    capabilities === undefined ? '-' : filter.allCapabilities,
    has(filter.protocol),
    health?.length,
    has(metadata),
    version === undefined ? '-' : version.ranges === undefined ? 'text' : 'ranges',
    has(filter.expiresBeforeMs),
    has(filter.expiresAfterMs),
    filter.includeExpired,
  ].join(' ');
}

/** The slots for a filter, and for all others of the same shape. */
export function filterSlots({ filter }: ByFilter): FilterSlots {
  const { namePart, statuses, capabilities, allCapabilities, health, metadata, version } = filter;
  const given = (
    field: 'exactName' | 'owner' | 'fingerprintKey' | 'protocol' | 'expiresBeforeMs' | 'expiresAfterMs',
  ) => (filter[field] === undefined ? undefined : boundParameter((s: ByFilter) => s.filter[field]));
  return {
    ids: filter.ids === undefined ? undefined : boundParameter((s: ByFilter) => JSON.stringify(s.filter.ids)),
    namePart: namePart === undefined ? undefined : partSlot(namePart),
    exactName: given('exactName'),
    owner: given('owner'),
    statuses: statuses?.map((_, place) => boundParameter((s: ByFilter) => s.filter.statuses?.[place])),
    fingerprintKey: given('fingerprintKey'),
    capabilities: capabilities && {
      names: boundParameter((s: ByFilter) => JSON.stringify(s.filter.capabilities)),
      count: boundParameter((s: ByFilter) => s.filter.capabilities?.length),
      areAllWanted: allCapabilities,
    },
    protocol: given('protocol'),
    health: health?.map((_, place) => boundParameter((s: ByFilter) => s.filter.health?.[place])),
    metadata: metadata && {
      entries: boundParameter((s: ByFilter) => toEntriesJson(s.filter.metadata ?? [])),
      count: boundParameter((s: ByFilter) => s.filter.metadata?.length),
    },
    version: version && {
      text: boundParameter((s: ByFilter) => s.filter.version?.text),
      ranges: version.ranges && boundParameter((s: ByFilter) => JSON.stringify(s.filter.version?.ranges)),
    },
    expiresBeforeMs: given('expiresBeforeMs'),
    expiresAfterMs: given('expiresAfterMs'),
    nowMs: filter.includeExpired ? undefined : boundParameter((s: ByFilter) => s.nowMs),
  };
}

function partSlot(namePart: string): TextPart {
  return textPart(namePart, (derive) => boundParameter((s: ByFilter) => derive(s.filter.namePart ?? '')));
}

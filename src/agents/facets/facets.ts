import { Failure } from '../../errors/failure';
import type { ServiceSettings } from '../../options/service-settings';
import type { JsonValue } from '../../metadata/types';
import { withBounds, type Row } from '../../sql/statement';
import type { Executor } from '../../storage/executor';
import { answerBounds } from '../../validation/limits';
import type { AgentFilter } from '../query/filter-fields';
import { AgentStatus, HealthStatus } from '../types';
import { buildFacets, type CountedFacet } from './statement';
import type { Facet } from './types';
import type { FacetKind, ParsedFacet } from './validation';

/** Counts the facets of the agents that match a filter, as one snapshot. A null filter matches no agent. */
export async function countFacets(
  executor: Executor,
  filter: AgentFilter | null,
  facets: readonly ParsedFacet[],
  { now, checks }: ServiceSettings,
): Promise<Facet[]> {
  if (filter === null || facets.length === 0) return facets.map(() => ({ buckets: [], otherCount: 0 }));
  const counted = propertiesOf(facets);
  const statement = buildFacets(executor.dialect, { filter, facets: [...counted.values()], nowMs: now() });
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  const properties = [...counted.keys()];
  return facets.map((facet) => {
    const index = properties.indexOf(propertyOf(facet));
    return toFacet(
      rows.filter(([place]) => Number(place) === index),
      facet,
    );
  });
}

// Returns the properties to count. Several facets of the same property share one count, with the highest of their
// limits.
function propertiesOf(facets: readonly ParsedFacet[]): Map<string, CountedFacet> {
  const properties = new Map<string, CountedFacet>();
  for (const facet of facets) {
    const property = propertyOf(facet);
    const limit = Math.max(facet.limit, properties.get(property)?.limit ?? 0);
    properties.set(property, { ...facet, limit });
  }
  return properties;
}

function propertyOf({ kind, metadataKey = '' }: ParsedFacet): string {
  return `${kind} ${metadataKey}`;
}

function toFacet(rows: readonly Row[], { kind, limit, minCount }: ParsedFacet): Facet {
  const buckets = rows
    .slice(0, limit)
    .map(([, label, count]) => ({ label, count: Number(count) }))
    .filter(({ count }) => count >= minCount);
  const total = Number(rows[0]?.[3] ?? 0);
  return {
    buckets: buckets.map(({ label, count }) => ({ key: toKey(label, kind), count })),
    otherCount: buckets.reduce((rest, { count }) => rest - count, total),
  };
}

const choices: Readonly<Partial<Record<FacetKind, ReadonlySet<unknown>>>> = {
  status: new Set(Object.values(AgentStatus)),
  health: new Set(Object.values(HealthStatus)),
};

function toKey(label: unknown, kind: FacetKind): JsonValue {
  if (typeof label !== 'string' || choices[kind]?.has(label) === false) throw corrupt(kind);
  if (kind !== 'metadata') return label;
  try {
    return JSON.parse(label) as JsonValue;
  } catch (cause) {
    throw corrupt(kind, cause);
  }
}

function corrupt(kind: FacetKind, cause?: unknown): Failure {
  const message = `a stored ${kind} value of an agent is invalid: run check() to list all invalid records`;
  return new Failure('CORRUPT', message, { entity: 'agent', field: kind, cause });
}

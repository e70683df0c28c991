import type { JsonValue } from '../../metadata/types';
import type { AgentStatus, HealthStatus } from '../types';

/** Property whose values a facet counts: a field of the agents, or a key of their metadata. */
export type FacetProperty =
  | 'capability'
  | 'owner'
  | 'protocol'
  | 'status'
  | 'health'
  | {
      /** Key of the metadata entry. Agents without this key are not counted. */
      readonly metadata: string;
    };

/**
 * Request for the counts of one property.
 *
 * @example
 * ```ts
 * const [capabilities] = await db.agents.facets({}, [{ by: 'capability', limit: 10, minCount: 2 }]);
 * ```
 */
export interface FacetRequest<P extends FacetProperty = FacetProperty> {
  /** Property whose values the facet counts. */
  by: P;
  /**
   * Maximum number of buckets, from 1 to 1000.
   *
   * @defaultValue 100
   */
  limit?: number | undefined;
  /**
   * Minimum number of agents of a bucket. Buckets with fewer agents are omitted.
   *
   * @defaultValue 1
   */
  minCount?: number | undefined;
}

/** Type of the keys of a facet's buckets, which depends on the property. */
export type FacetKey<P extends FacetProperty> = P extends 'status'
  ? AgentStatus
  : P extends 'health'
    ? HealthStatus
    : P extends string
      ? string
      : JsonValue;

/** Value of a property, with the number of agents that have the value. */
export interface FacetBucket<K extends JsonValue = JsonValue> {
  /** Value of the property. For a metadata facet, this is the stored JSON value. */
  readonly key: K;
  /** Number of agents with this value. An agent counts once, even if several of its endpoints have the value. */
  readonly count: number;
}

/** Counts of the agents by the values of one property. */
export interface Facet<K extends JsonValue = JsonValue> {
  /**
   * Buckets in descending order of their counts. Buckets with equal counts are ordered by the code points of their
   * keys; for a metadata facet, by those of the JSON texts of the keys.
   */
  readonly buckets: FacetBucket<K>[];
  /**
   * Sum of the counts of the buckets that `limit` and `minCount` exclude. An agent with several excluded values counts
   * once for each of them.
   */
  readonly otherCount: number;
}

/** Facets for a list of requests, in the order of the requests. */
export type FacetsOf<R extends readonly FacetRequest[]> = {
  -readonly [I in keyof R]: R[I] extends FacetRequest<infer P> ? Facet<FacetKey<P>> : never;
};

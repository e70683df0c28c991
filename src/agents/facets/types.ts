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
      /** Key of the metadata. Agents without this key are not counted. */
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
  /** Property whose values are counted. */
  by: P;
  /**
   * Maximum number of buckets, from 1 to 1000.
   *
   * @defaultValue 100
   */
  limit?: number | undefined;
  /**
   * Number of agents that a bucket has at least.
   *
   * @defaultValue 1
   */
  minCount?: number | undefined;
}

/** Type of the values of a property. */
export type FacetKey<P extends FacetProperty> = P extends 'status'
  ? AgentStatus
  : P extends 'health'
    ? HealthStatus
    : P extends string
      ? string
      : JsonValue;

/** Number of agents that have one value of a property. */
export interface FacetBucket<K extends JsonValue = JsonValue> {
  /** The value. The key of a metadata facet is the stored JSON value, of its own type. */
  readonly key: K;
  /** Number of agents. An agent counts once, even when several of its endpoints have the value. */
  readonly count: number;
}

/** Counts of one property. */
export interface Facet<K extends JsonValue = JsonValue> {
  /**
   * Buckets with the highest counts, the highest first. Buckets with equal counts are ordered by the code points of their
   * keys; the keys of a metadata facet by their JSON texts.
   */
  readonly buckets: FacetBucket<K>[];
  /**
   * Sum of the counts of all buckets that `limit` and `minCount` have left out. An agent with several values counts once
   * for each of them.
   */
  readonly otherCount: number;
}

/** Facets of a list of requests, in the order of the requests. */
export type FacetsOf<R extends readonly FacetRequest[]> = {
  -readonly [I in keyof R]: R[I] extends FacetRequest<infer P> ? Facet<FacetKey<P>> : never;
};

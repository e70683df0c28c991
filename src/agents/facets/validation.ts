import { invalidInput } from '../../errors/failure';
import { checkArray, checkObject, checkOneOf, checkWholeNumber, ifDefined } from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import type { FacetProperty } from './types';

const properties = ['capability', 'owner', 'protocol', 'status', 'health'] as const satisfies readonly FacetProperty[];

/** Kind of a facet's property, which determines the SQL of the facet. */
export type FacetKind = (typeof properties)[number] | 'metadata';

/** Validated request of a facet. */
export interface ParsedFacet {
  readonly kind: FacetKind;
  /** Key of the metadata entry, for a metadata facet. Absent for any other property. */
  readonly metadataKey?: string;
  readonly limit: number;
  readonly minCount: number;
}

const requestFields = new Set(['by', 'limit', 'minCount'] as const);
const metadataFields = new Set(['metadata'] as const);

const maxRequests = 20;
const defaultLimit = 100;
const maxLimit = 1000;

/**
 * Parses the facet requests of a `facets` call.
 *
 * @throws INVALID_INPUT when a request is invalid
 */
export function parseFacets(input: unknown, checks: Validator): ParsedFacet[] {
  return checkArray(input, 'requests', (request, path) => parseFacet(request, path, checks), maxRequests);
}

function parseFacet(input: unknown, path: string, checks: Validator): ParsedFacet {
  const { by, limit, minCount } = checkObject(input, path, requestFields);
  const isFrom1To = (max: number) => (value: unknown, field: string) => checkWholeNumber(value, field, 1, max);
  return {
    ...parseProperty(by, `${path}.by`, checks),
    limit: ifDefined(limit, `${path}.limit`, isFrom1To(maxLimit)) ?? defaultLimit,
    minCount: ifDefined(minCount, `${path}.minCount`, isFrom1To(Number.MAX_SAFE_INTEGER)) ?? 1,
  };
}

function parseProperty(by: unknown, path: string, checks: Validator): Pick<ParsedFacet, 'kind' | 'metadataKey'> {
  if (typeof by === 'string') return { kind: checkOneOf(by, properties, path) };
  if (by === undefined) {
    throw invalidInput(path, `must be given: one of ${properties.join(', ')}, or an object with metadata`);
  }
  const { metadata } = checkObject(by, path, metadataFields);
  return { kind: 'metadata', metadataKey: checks.text(metadata, `${path}.metadata`) };
}

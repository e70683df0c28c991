import type { AgentFilterQuery, AgentRecord, Facet, FacetProperty, FacetRequest } from '../../src';
import { answers, fails, type Directory, type Prediction, type Settings } from './prediction';
import { findAgents } from './resolution-model';
import { canonical, compareCodePoints } from './text';

/** Predicts `agents.facets`. */
export function countFacets(
  directory: Directory,
  settings: Settings,
  query: AgentFilterQuery,
  requests: readonly FacetRequest[],
): Prediction {
  const isRight = requests.every(({ limit = 1, minCount = 1 }) => isCount(limit, 1000) && isCount(minCount, Infinity));
  const isFilter = ['limit', 'offset', 'orderBy', 'orderDirection'].every(
    (field) => Reflect.get(query, field) === undefined,
  );
  if (!isRight || !isFilter || requests.length > 20) return fails(directory, 'INVALID_INPUT');
  const agents = findAgents(directory, settings, query);
  return answers(
    directory,
    requests.map((request) => toFacet(agents, request)),
  );
}

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}

function toFacet(agents: readonly AgentRecord[], { by, limit = 100, minCount = 1 }: FacetRequest): Facet {
  const counts = new Map<string, number>();
  for (const agent of agents) {
    for (const key of new Set(keysOf(agent, by))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const all = [...counts].map(([text, count]) => ({ text, count }));
  all.sort((first, second) => second.count - first.count || compareCodePoints(first.text, second.text));
  const kept = all.filter(({ count }, place) => count >= minCount && place < limit);
  const isJson = typeof by !== 'string';
  return {
    buckets: kept.map(({ text, count }) => ({ key: isJson ? (JSON.parse(text) as string) : text, count })),
    otherCount: all.filter((bucket) => !kept.includes(bucket)).reduce((sum, { count }) => sum + count, 0),
  };
}

function keysOf(agent: AgentRecord, by: FacetProperty): string[] {
  if (by === 'capability') return agent.capabilities;
  if (by === 'owner' || by === 'status') return [agent[by]];
  if (by === 'protocol') return agent.endpoints.map(({ protocol }) => protocol);
  if (by === 'health') return agent.endpoints.map(({ health }) => health.status);
  return Object.hasOwn(agent.metadata, by.metadata) ? [canonical(agent.metadata[by.metadata])] : [];
}

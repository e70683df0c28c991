import { sql, type Placeholder } from 'drizzle-orm';
import * as graph from '../graph-records';

/** Returns a function that prepares a query once for each number of parameters. */
export function perCount<T>(prepare: (count: number) => T): (count: number) => T {
  const prepared = new Map<number, T>();
  return (count) => {
    let query = prepared.get(count);
    if (query === undefined) prepared.set(count, (query = prepare(count)));
    return query;
  };
}

/** Returns placeholders for `count` values. */
export function placeholders(name: string, count: number): Placeholder[] {
  return Array.from({ length: count }, (_, index) => sql.placeholder(`${name}${index}`));
}

/** Returns the values for {@link placeholders}. */
export function valuesOf(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${name}${index}`, value]));
}

/** Returns a placeholder for each column. */
export function columnPlaceholders<const K extends string>(...names: K[]): { [N in K]: Placeholder<N> } {
  // The cast is safe: the keys are the given names.
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as { [N in K]: Placeholder<N> };
}

/**
 * Sorts the capabilities, because relational queries cannot order by a column of another table, and converts the agent.
 */
export function toAgent(agent: graph.AgentGraph): ReturnType<typeof graph.toAgent> {
  const capabilities = [...agent.capabilities].sort((a, b) => (a.capability.name < b.capability.name ? -1 : 1));
  return graph.toAgent({ ...agent, capabilities });
}

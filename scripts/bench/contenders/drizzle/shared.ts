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

/** Returns `count` Drizzle placeholders for the values of a list. */
export function placeholders(name: string, count: number): Placeholder[] {
  return Array.from({ length: count }, (_, index) => sql.placeholder(`${name}${index}`));
}

/** Returns the values for the placeholders that {@link placeholders} has returned. */
export function valuesOf(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${name}${index}`, value]));
}

/** Returns a Drizzle placeholder for each column. */
export function columnPlaceholders<const K extends string>(...names: K[]): { [N in K]: Placeholder<N> } {
  // The cast is safe, because the keys of the object are the given names.
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as { [N in K]: Placeholder<N> };
}

/**
 * Converts the result of a relational query to an agent. Sorts the capabilities, because relational queries cannot
 * order by a column of another table.
 */
export function toAgent(agent: graph.AgentGraph): ReturnType<typeof graph.toAgent> {
  const capabilities = [...agent.capabilities].sort((a, b) => (a.capability.name < b.capability.name ? -1 : 1));
  return graph.toAgent({ ...agent, capabilities });
}

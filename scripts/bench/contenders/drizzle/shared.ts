import { sql, type Placeholder } from 'drizzle-orm';
import * as graph from '../graph-records';

/** A query that is prepared once for every number of parameters that it is asked for with. */
export function perCount<T>(prepare: (count: number) => T): (count: number) => T {
  const prepared = new Map<number, T>();
  return (count) => {
    let query = prepared.get(count);
    if (query === undefined) prepared.set(count, (query = prepare(count)));
    return query;
  };
}

/** As many placeholders as there will be values. */
export function placeholders(name: string, count: number): Placeholder[] {
  return Array.from({ length: count }, (_, index) => sql.placeholder(`${name}${index}`));
}

/** The values of {@link placeholders}. */
export function valuesOf(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${name}${index}`, value]));
}

/** A placeholder for each column, under its name. */
export function columnPlaceholders<const K extends string>(...names: K[]): { [N in K]: Placeholder<N> } {
  // The keys are these names.
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as { [N in K]: Placeholder<N> };
}

/** Relational queries cannot order by a column of what is related. */
export function toAgent(agent: graph.AgentGraph): ReturnType<typeof graph.toAgent> {
  const capabilities = [...agent.capabilities].sort((a, b) => (a.capability.name < b.capability.name ? -1 : 1));
  return graph.toAgent({ ...agent, capabilities });
}

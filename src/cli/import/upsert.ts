import type { AgentInput, AgentRecord, EndpointInput, TransactionScope } from '../../index';
import { CommandError } from '../command-error';

export type UpsertOutcome = 'created' | 'updated' | 'unchanged';

/**
 * Registers or updates agents, which are identified by owner, name and version. Fields and metadata keys that the given
 * agent does not have keep their stored values. An endpoint whose address is unchanged keeps its stored health, unless
 * the given agent states another one.
 *
 * @throws CommandError when several stored agents have the same owner, name and version.
 */
export async function upsertAgents(tx: TransactionScope, agents: readonly AgentInput[]): Promise<UpsertOutcome[]> {
  const stored = await findStored(tx, agents);
  const merged = agents.map((agent) => merge(agent, stored.get(keyOf(agent))));
  const results = await tx.agents.upsertMany(merged, { by: 'owner-name-version' });
  return results.map(({ outcome }) => outcome);
}

/** Returns a text that identifies an agent. Agents with the same owner, name and version have the same text. */
export function keyOf({ owner, name, version }: Pick<AgentInput, 'owner' | 'name' | 'version'>): string {
  return JSON.stringify([owner, name, version]);
}

async function findStored(tx: TransactionScope, agents: readonly AgentInput[]): Promise<Map<string, AgentRecord>> {
  const wanted = new Set(agents.map(keyOf));
  const stored = new Map<string, AgentRecord>();
  const [names, owners] = [agents.map(({ name }) => name), agents.map(({ owner }) => owner)];
  const query = { names: [...new Set(names)], owners: [...new Set(owners)] };
  for await (const agent of tx.agents.iterate(query)) {
    const key = keyOf(agent);
    if (!wanted.has(key)) continue;
    if (stored.has(key)) {
      const advice = 'delete or rename all but one of them first; nothing was written';
      throw new CommandError(`several stored agents are ${key}: ${advice}`, 'ALREADY_EXISTS');
    }
    stored.set(key, agent);
  }
  return stored;
}

/**
 * Returns the given agent with the id of the stored agent. Adds the stored metadata whose keys the given agent does not
 * have.
 */
function merge(agent: AgentInput, stored: AgentRecord | undefined): AgentInput {
  if (stored === undefined) return agent;
  const { endpoints, metadata } = agent;
  return {
    ...agent,
    id: stored.id,
    metadata: metadata === undefined ? undefined : { ...stored.metadata, ...metadata },
    endpoints: endpoints?.map((endpoint) => withoutForeignHealth(endpoint, stored)),
  };
}

/** Returns an endpoint that does not inherit the health which is stored for another address. */
function withoutForeignHealth(endpoint: EndpointInput, stored: AgentRecord): EndpointInput {
  const same = stored.endpoints.find(({ id }) => id === endpoint.id);
  if (endpoint.health !== undefined || same === undefined || same.address === endpoint.address) return endpoint;
  return { ...endpoint, health: { status: 'UNKNOWN' } };
}

import { isDeepStrictEqual } from 'node:util';
import { toCanonicalJson } from '../../metadata/canonical-json';
import type { AgentInput, AgentRecord, AgentUpdate, EndpointInput, TransactionScope } from '../../index';
import { CommandError } from '../command-error';

export type UpsertOutcome = 'created' | 'updated' | 'unchanged';

/**
 * Registers or updates agents by owner, name and version. Fields that an agent lacks, and keys that its metadata lack, stay
 * as they are. An endpoint keeps its health unless the agent states one.
 *
 * @throws CommandError when several stored agents have the same owner, name and version.
 */
export async function upsertAgents(
  tx: TransactionScope,
  agents: readonly AgentInput[],
  isDryRun: boolean,
): Promise<UpsertOutcome[]> {
  const stored = await findStored(tx, agents);
  const created: AgentInput[] = [];
  const outcomes: UpsertOutcome[] = [];
  for (const agent of agents) {
    const existing = stored.get(keyOf(agent));
    if (existing === undefined) {
      created.push(agent);
      outcomes.push('created');
      continue;
    }
    const update = differences(agent, existing);
    outcomes.push(update === undefined ? 'unchanged' : 'updated');
    if (update !== undefined && !isDryRun) await tx.agents.update(update);
  }
  if (!isDryRun && created.length > 0) await tx.agents.createMany(created);
  return outcomes;
}

/** Returns the key by which agents are the same. */
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

/** Returns the update that gives a stored agent the fields of `agent`; undefined when they are equal. */
function differences(agent: AgentInput, stored: AgentRecord): AgentUpdate | undefined {
  const { publicKey, certificateId, description, status, expiresAt, createdAt, defaultEndpoint } = agent;
  const update: AgentUpdate = { id: stored.id };
  if (publicKey !== stored.publicKey) update.publicKey = publicKey;
  if (certificateId !== stored.certificateId) update.certificateId = certificateId;
  if (description !== undefined && description !== stored.description) update.description = description;
  if (status !== undefined && status !== stored.status) update.status = status;
  if (expiresAt !== undefined && expiresAt.getTime() !== stored.expiresAt.getTime()) update.expiresAt = expiresAt;
  if (createdAt !== undefined && createdAt.getTime() !== stored.createdAt.getTime()) update.createdAt = createdAt;
  const endpoints = agent.endpoints?.map((endpoint) => withStoredHealth(endpoint, stored));
  if (endpoints !== undefined && !isSame(endpoints, stored.endpoints)) update.endpoints = endpoints;
  const defaultId = typeof defaultEndpoint === 'string' ? defaultEndpoint : defaultEndpoint?.id;
  if (defaultId !== undefined && defaultId !== stored.defaultEndpoint?.id) update.defaultEndpoint = defaultId;
  const capabilities = agent.capabilities === undefined ? undefined : new Set(agent.capabilities);
  if (capabilities !== undefined && !isDeepStrictEqual(capabilities, new Set(stored.capabilities))) {
    update.capabilities = [...capabilities];
  }
  const metadata = { ...stored.metadata, ...agent.metadata };
  if (toCanonicalJson(metadata, 'metadata') !== toCanonicalJson(stored.metadata, 'metadata'))
    update.metadata = metadata;
  return Object.keys(update).length === 1 ? undefined : update;
}

function withStoredHealth(endpoint: EndpointInput, stored: AgentRecord): EndpointInput {
  if (endpoint.health !== undefined) return endpoint;
  const same = stored.endpoints.find(({ id, address }) => id === endpoint.id && address === endpoint.address);
  return same === undefined ? endpoint : { ...endpoint, health: same.health };
}

function isSame(given: readonly EndpointInput[], stored: AgentRecord['endpoints']): boolean {
  const normalize = (endpoints: readonly EndpointInput[]): unknown =>
    endpoints.map(({ id, protocol, address, port, health, metadata }) => [
      id,
      protocol,
      address,
      port,
      health === undefined ? null : [health.status, health.lastChecked?.getTime() ?? null, health.message ?? null],
      metadata === undefined ? null : toCanonicalJson(metadata, 'metadata'),
    ]);
  return isDeepStrictEqual(normalize(given), normalize(stored));
}

import type { AgentInput, AgentRecord, AgentUpdate, Endpoint, EndpointInput, UpsertManyOptions } from '../../src';
import { createAgent, updateAgent } from './agent-model';
import { inOrder } from './batch-model';
import { answers, codesOf, fails, generatedId, type Directory, type Prediction, type Settings } from './prediction';
import { isSame } from './text';

/** Start of the ids of agents that the call has registered itself, in a prediction. */
const madeUp = 'made up';

/** Predicts `agents.upsertMany`, which registers or updates the agents in order. */
export function upsertMany(
  directory: Directory,
  settings: Settings,
  inputs: readonly AgentInput[],
  options: UpsertManyOptions,
): Prediction {
  return inOrder(directory, inputs, 'abort', {
    predict: (before, input) => upsert(before, settings, input, options),
    toResult: (_, result) => result,
  });
}

function upsert(
  directory: Directory,
  settings: Settings,
  input: AgentInput,
  { by, allowRevokedCertificate }: UpsertManyOptions,
): Prediction {
  const options = { allowRevokedCertificate };
  // A registration in an empty directory reports the errors that do not depend on stored records.
  const empty = { ...directory, agents: new Map<string, AgentRecord>() };
  const isInvalid = codesOf(createAgent(empty, settings, input, options)).includes('INVALID_INPUT');
  if (isInvalid || (by === 'id' && input.id === undefined)) return fails(directory, 'INVALID_INPUT');
  const matches = [...directory.agents.values()].filter((agent) => {
    if (by === 'id') return agent.id === input.id;
    return agent.name === input.name && agent.version === input.version && agent.owner === input.owner;
  });
  const [stored] = matches;
  if (stored === undefined) {
    const { outcomes, next } = createAgent(directory, settings, input, options);
    if (outcomes.some((outcome) => 'code' in outcome)) return { outcomes, next };
    return { outcomes: [{ result: { id: input.id ?? generatedId, outcome: 'created' } }], next };
  }
  if (matches.length > 1 || (input.id !== undefined && input.id !== stored.id)) return fails(directory, 'CONFLICT');
  const id = stored.id.startsWith(madeUp) ? generatedId : stored.id;
  const update = toUpdate(input, stored);
  const { outcomes, next } = updateAgent(directory, settings, update, options);
  const after = next(true).agents.get(stored.id);
  const hasFailed = outcomes.some((outcome) => 'code' in outcome);
  if (!hasFailed && isSame({ ...after, updatedAt: 0 }, { ...stored, updatedAt: 0 })) {
    return answers(directory, { id, outcome: 'unchanged' });
  }
  return hasFailed ? { outcomes, next } : { outcomes: [{ result: { id, outcome: 'updated' } }], next };
}

/** Returns the change that the input makes to the stored agent: endpoints keep the values that the input omits. */
function toUpdate({ endpoints, ...input }: AgentInput, stored: AgentRecord): AgentUpdate {
  const completed = endpoints?.map((endpoint) => toEndpoint(endpoint, stored));
  return { ...input, id: stored.id, ...(completed === undefined ? {} : { endpoints: completed }) };
}

function toEndpoint(endpoint: EndpointInput, { endpoints }: AgentRecord): EndpointInput {
  const same = endpoints.find(({ id }) => id === endpoint.id);
  if (same === undefined) return endpoint;
  return { ...endpoint, health: toHealth(endpoint.health, same.health) };
}

function toHealth(given: EndpointInput['health'], stored: Endpoint['health']): EndpointInput['health'] {
  if (given === undefined) return stored;
  const isSameState = given.status === stored.status && given.message === stored.message;
  return given.lastChecked === undefined && isSameState ? stored : given;
}

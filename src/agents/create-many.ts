import type { CreateResult } from '../options/batch-options';
import { isRefusal, writeInBatches } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import { insertBatch } from './batch-commands';
import type { AgentCollections, AgentColumns } from './new-row';
import type { CreateManyRules } from './options';
import { parseNewAgent, type AgentDefaults } from './validation';

/**
 * Registers agents in batches. When `mayCollect` is true, each batch has its own transaction; otherwise all batches
 * have one transaction together.
 *
 * @returns the result of each agent, in input order.
 * @throws the failure of the first refused agent, unless `mayCollect` is true
 */
export function createAgents(
  executor: Executor,
  inputs: readonly unknown[],
  defaults: AgentDefaults,
  rules: CreateManyRules,
): Promise<CreateResult[]> {
  return writeInBatches(executor, inputs, rules, {
    parameter: 'agents',
    operation: 'agents.create',
    parse: (input) => parseNewAgent(input, defaults),
    lengthOf,
    write: async (tx, batch) => {
      const outcomes = await insertBatch(tx, batch, defaults);
      return outcomes.map((outcome) => (isRefusal(outcome) ? outcome : ({ ok: true, id: outcome.id } as const)));
    },
  });
}

/** Returns the approximate number of characters of a new agent, or of a change of an agent. */
export function lengthOf({
  columns: { name = '', publicKey = '', description },
  collections: { endpoints = [], metadata = [] },
}: {
  readonly columns: Partial<AgentColumns>;
  readonly collections: Partial<AgentCollections>;
}): number {
  let length = name.length + publicKey.length + (description?.length ?? 0);
  for (const [key, value] of metadata) length += key.length + value.length;
  for (const endpoint of endpoints) length += endpoint[3].length + (endpoint[8]?.length ?? 0);
  return length;
}

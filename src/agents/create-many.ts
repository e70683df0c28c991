import { Failure, failureAt } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { insertBatch, type Outcome } from './batch-commands';
import type { NewAgentRow } from './new-row';
import type { BatchRules } from './options';
import type { CreateResult } from './types';
import { parseNewAgent, type AgentDefaults } from './validation';

/** Maximum number of the agents of a batch, and approximate maximum number of their characters. */
const batchSize = 500;
const batchLength = 16_777_216;

/**
 * Registers agents in batches: all batches in one transaction, or each batch in its own transaction when `mayCollect`
 * is true.
 *
 * @returns the result of each agent, in input order.
 * @throws the failure of the first refused agent, unless `mayCollect` is true
 */
export function createAgents(
  executor: Executor,
  inputs: readonly unknown[],
  defaults: AgentDefaults,
  { mayCollect, onProgress }: BatchRules,
): Promise<CreateResult[]> {
  const insert = (tx: Transaction, start: number): Promise<Outcome[]> =>
    insertBatch(tx, parseBatch(inputs, start, defaults), defaults);
  if (mayCollect) {
    return inBatches(inputs.length, onProgress, async (start) => {
      const outcomes = await executor.withTransaction((tx) => insert(tx, start));
      return outcomes.map(toResult);
    });
  }
  return executor.withTransaction((tx) =>
    inBatches(inputs.length, onProgress, async (start) => {
      const outcomes = await insert(tx, start);
      return outcomes.map((outcome, index) => toResultOrThrow(outcome, start + index));
    }),
  );
}

async function inBatches(
  total: number,
  onProgress: BatchRules['onProgress'],
  createBatch: (start: number) => Promise<CreateResult[]>,
): Promise<CreateResult[]> {
  const results: CreateResult[] = [];
  while (results.length < total) {
    results.push(...(await createBatch(results.length)));
    onProgress(results.length, total);
  }
  return results;
}

/** Parses the agents of the batch that begins at `start`. Returns an outcome with the failure for an invalid agent. */
function parseBatch(inputs: readonly unknown[], start: number, defaults: AgentDefaults): (NewAgentRow | Outcome)[] {
  const batch: (NewAgentRow | Outcome)[] = [];
  const end = Math.min(start + batchSize, inputs.length);
  for (let index = start, length = 0; index < end && length < batchLength; index += 1) {
    const parsed = parseOne(inputs[index], defaults);
    if ('columns' in parsed) length += lengthOf(parsed);
    batch.push(parsed);
  }
  return batch;
}

function parseOne(input: unknown, defaults: AgentDefaults): NewAgentRow | Outcome {
  try {
    return parseNewAgent(input, defaults);
  } catch (error) {
    if (error instanceof Failure) return { id: idOf(input), failure: error };
    throw error;
  }
}

function lengthOf({ columns, collections: { endpoints, metadata } }: NewAgentRow): number {
  let length = columns.name.length + columns.publicKey.length + (columns.description?.length ?? 0);
  for (const [key, value] of metadata) length += key.length + value.length;
  for (const endpoint of endpoints) length += endpoint[3].length + (endpoint[8]?.length ?? 0);
  return length;
}

/** Returns the id of an agent that could not be parsed; undefined when it has no readable id. */
function idOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  try {
    const id: unknown = Reflect.get(input, 'id');
    return typeof id === 'string' ? id : undefined;
  } catch {
    // A getter of the caller threw. The failure of the agent already reports that it cannot be read.
    return undefined;
  }
}

function toResultOrThrow(outcome: Outcome, index: number): CreateResult {
  if (outcome.failure !== undefined) throw failureAt(`agents[${index}]`, outcome.failure);
  return toResult(outcome);
}

function toResult({ id, failure }: Outcome): CreateResult {
  if (failure === undefined) return { ok: true, id: id ?? '' };
  return { ok: false, ...(id === undefined ? undefined : { id }), error: toDatabaseError('agents.create', failure) };
}

import { invalidInput } from '../errors/failure';
import type { Limits } from '../validation/limits';
import { countValues } from '../sql/answer-size';
import type { Transaction } from '../storage/transaction';
import type { AgentChange } from './new-row';
import { agentStatements } from './statements';

/**
 * Checks the size of the metadata that an agent will have after a merge.
 *
 * @throws INVALID_INPUT when the metadata exceed `limits`
 */
export async function assertMergedMetadataFits(tx: Transaction, change: AgentChange, limits: Limits): Promise<void> {
  const added = change.mergedMetadata ?? [];
  if (added.length === 0) return;
  const { selectKeptSize, selectKeptContainers } = agentStatements(tx.dialect).collections;
  const kept = { id: change.id, keys: JSON.stringify(added.map(([key]) => key)) };
  // `keptBytes` and `maxKeptValues` measure the stored entries that the merge keeps. `maxKeptValues` is an upper bound
  // of the number of their JSON values.
  const [keptBytes = 0, maxKeptValues = 0] = ((await tx.query(selectKeptSize(kept)))[0] ?? []).map(Number);
  const bytes = added.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), keptBytes);
  if (bytes > limits.metadataBytes) {
    throw invalidInput('metadata', `must have at most ${limits.metadataBytes} bytes of JSON`);
  }
  const addedValues = added.reduce((sum, [, value]) => sum + countValues(value), 0);
  if (maxKeptValues + addedValues <= limits.metadataValues) return;
  // Counts the JSON values exactly only if the upper bound exceeds the limit. Counting reads the whole text of the kept
  // entries.
  const containers = (await tx.query(selectKeptContainers(kept))).map(([value]) => String(value));
  const excess = containers.reduce((sum, value) => sum + Math.floor((value.length + 1) / 2) - countValues(value), 0);
  if (maxKeptValues - excess + addedValues > limits.metadataValues) {
    throw invalidInput('metadata', `must have at most ${limits.metadataValues} JSON values`);
  }
}

/**
 * Deletes the metadata of an agent in several statements on SQLite, where one long statement would block the process.
 * Does nothing on PostgreSQL.
 */
export async function deleteMetadataInSteps(tx: Transaction, id: string): Promise<void> {
  const { deleteSomeMetadata } = agentStatements(tx.dialect).collections;
  if (deleteSomeMetadata === undefined) return;
  while ((await tx.execute(deleteSomeMetadata({ id }))) > 0);
}

import { Failure } from '../errors/failure';
import { certificateRevoked, nameTaken } from '../errors/refused-column';
import { isRefusal, writeInBatches, type Refusal } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import type { Validator } from '../validation/validator';
import { agentBatchStatements } from './batch-statements';
import { agentChange } from './commands';
import { selectCertificates } from './batch-commands';
import { lengthOf } from './create-many';
import { unknownCertificate } from './failures';
import { refusalOf } from './load-for-update';
import { loadManyForUpdate, lockAllForUpdate, type AgentBeforeBatch } from './load-many-for-update';
import { deleteMetadataInSteps } from './merged-metadata';
import type { AgentChange } from './new-row';
import type { UpdateManyRules } from './options';
import { agentStatements } from './statements';
import type { UpdateResult } from './batch-types';
import { toNewNameKeys, type NameKeys } from './unique-key';
import { parseAgentUpdate } from './validation';

/** Result of one change in a batch of `updateMany`. */
export type ChangeOutcome = Exclude<UpdateResult, { readonly ok: false }> | Refusal;

/**
 * Changes agents one after the other, in batches. When `mayCollect` is true, each batch has its own transaction;
 * otherwise all batches have one transaction together.
 *
 * @returns the result of each change, in input order.
 * @throws the failure of the first refused change, unless `mayCollect` is true
 */
export function updateAgents(
  executor: Executor,
  inputs: readonly unknown[],
  { nowMs, checks }: { readonly nowMs: number; readonly checks: Validator },
  rules: UpdateManyRules,
): Promise<UpdateResult[]> {
  return writeInBatches(executor, inputs, rules, {
    parameter: 'updates',
    operation: 'agents.update',
    parse: (input) => parseAgentUpdate(input, nowMs, checks),
    lengthOf,
    prepare: (tx, entries) =>
      lockAllForUpdate(
        tx,
        entries.flatMap((entry) => (isRefusal(entry) ? [] : entry.id)),
        checks.scopeOwner,
      ),
    write: async (tx, batch) => {
      const outcomes: ChangeOutcome[] = [];
      for (const part of dividedAtRepetitions(batch, ({ id }) => id)) {
        outcomes.push(...(await changeAgents(tx, part, rules)));
      }
      return outcomes;
    },
  });
}

/** Divides a batch into parts in which each key occurs once, because one statement can change an agent only once. */
export function dividedAtRepetitions<T extends object>(
  batch: readonly (T | Refusal)[],
  keyOf: (entry: T) => string,
): (T | Refusal)[][] {
  const parts: (T | Refusal)[][] = [];
  let keys = new Set<string>();
  for (const entry of batch) {
    const key = isRefusal(entry) ? undefined : keyOf(entry);
    if (parts.length === 0 || (key !== undefined && keys.has(key))) {
      parts.push([]);
      keys = new Set();
    }
    parts.at(-1)?.push(entry);
    if (key !== undefined) keys.add(key);
  }
  return parts;
}

/** Change that the stored agent allows. Another agent or the certificate may still prevent the change. */
interface LoadedChange {
  readonly change: AgentChange;
  readonly before: AgentBeforeBatch;
  /** Keys of the new name and version; undefined when the name, the version and the owner stay the same. */
  readonly nameKeys: NameKeys | undefined;
}

/**
 * Changes agents as if one after the other, so an agent can get a name that an earlier change has released. The ids
 * must be different. Each statement changes many agents. Returns the outcome of each change, in input order.
 */
export async function changeAgents(
  tx: Transaction,
  changes: readonly (AgentChange | Refusal)[],
  { allowsRevoked }: Pick<UpdateManyRules, 'allowsRevoked'>,
): Promise<ChangeOutcome[]> {
  const given = changes.filter((entry) => 'collections' in entry);
  const agents = await loadManyForUpdate(
    tx,
    given.map(({ id, columns, collections }) => ({
      id,
      endpointId: columns.defaultEndpointId ?? null,
      needsCapabilities: collections.capabilities !== undefined,
    })),
    // All changes of a call have the same `scopeOwner`.
    given[0]?.scopeOwner,
  );
  const failures = new Map<string, Failure>();
  const loaded = given.flatMap((change): LoadedChange[] => {
    const before = agents.get(change.id);
    if (before === undefined) return [];
    const failure = refusalOf(change, before);
    if (failure !== undefined) failures.set(change.id, failure);
    return failure === undefined ? [{ change, before, nameKeys: toNewNameKeys(change.columns, before) }] : [];
  });
  const accepted = await chooseAllowed(tx, loaded, allowsRevoked, failures);
  await writeChanges(tx, accepted);
  return changes.map((entry) => {
    if (isRefusal(entry)) return entry;
    const { id } = entry;
    const failure = failures.get(id);
    return failure === undefined ? { ok: true, id, changed: agents.has(id) } : { id, failure };
  });
}

/**
 * Returns the changes that neither another agent nor a certificate prevents. Adds the failures of all other changes to
 * `failures`. Until the end of the transaction, other transactions cannot change these certificates, or take the new
 * names.
 */
async function chooseAllowed(
  tx: Transaction,
  loaded: readonly LoadedChange[],
  allowsRevoked: boolean,
  failures: Map<string, Failure>,
): Promise<LoadedChange[]> {
  const holders = await selectHolders(tx, loaded);
  const newCertificateIds = loaded.flatMap(({ change: { columns }, before }) =>
    columns.certificateId === before.certificateId ? [] : (columns.certificateId ?? []),
  );
  const certificates = await selectCertificates(tx, newCertificateIds, loaded[0]?.change.scopeOwner);
  const released = new Set<string>();
  return loaded.filter((entry) => {
    const { change, before, nameKeys } = entry;
    const { certificateId = before.certificateId } = change.columns;
    const status = certificateId === before.certificateId ? 'VALID' : certificates.get(certificateId);
    const isNameFree = (holders.get(change.id) ?? []).every((id) => released.has(id));
    if (!isNameFree) failures.set(change.id, nameTaken());
    else if (status === undefined) failures.set(change.id, unknownCertificate());
    else if (status === 'REVOKED' && !allowsRevoked) failures.set(change.id, certificateRevoked());
    else {
      if (nameKeys !== undefined && before.uniqueKey !== nameKeys.allKey) released.add(change.id);
      return true;
    }
    return false;
  });
}

/**
 * Returns the other agents that hold the new names and versions. The key is the id of the agent to rename. The value
 * has the ids of the agents that hold its new name.
 */
async function selectHolders(
  tx: Transaction,
  loaded: readonly LoadedChange[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { names } = agentStatements(tx.dialect);
  const renamed = loaded.flatMap(({ change: { id }, nameKeys }) => (nameKeys === undefined ? [] : [{ id, nameKeys }]));
  const holders = new Map<string, string[]>();
  if (renamed.length === 0) return holders;
  tx.executeAtCommit(names.lock(renamed, 'none'));
  for (const [position, holder] of await tx.query(names.selectHolders(renamed))) {
    const { id = '' } = renamed[Number(position)] ?? {};
    holders.set(id, [...(holders.get(id) ?? []), String(holder)]);
  }
  return holders;
}

async function writeChanges(tx: Transaction, changes: readonly LoadedChange[]): Promise<void> {
  const [first] = changes;
  if (first === undefined) return;
  for (const { change, before } of changes) {
    if (change.collections.metadata !== undefined && before.hasMuchMetadata) await deleteMetadataInSteps(tx, change.id);
  }
  const { update, collections } = agentBatchStatements(tx.dialect);
  tx.executeAtCommit([
    update(changes.map(({ change, ...stored }) => ({ id: change.id, columns: toColumns(change, stored) }))),
    ...collections.replace(
      changes.map(({ change: { id, collections: replaced }, before: { capabilities, size } }) => ({
        agentId: id,
        collections: replaced,
        stored: capabilities,
        size,
      })),
    ),
  ]);
  const ids = changes.map(({ change }) => change.id);
  tx.recordChange(agentChange('UPDATED', ids, first.change.columns.updatedAt));
}

/** Returns the new values for the row of an agent: the given values, and values that depend on them. */
function toColumns(
  { columns, collections: { endpoints } }: AgentChange,
  { before, nameKeys }: Omit<LoadedChange, 'change'>,
): AgentChange['columns'] {
  const { defaultEndpointId } = before;
  const losesDefault =
    columns.defaultEndpointId === undefined && endpoints?.every(([id]) => id !== defaultEndpointId) === true;
  return {
    ...columns,
    // Increases `updatedAt` with every change, because `ifUpdatedAt` compares it.
    updatedAt: Math.max(columns.updatedAt, before.updatedAt + 1),
    ...(losesDefault && defaultEndpointId !== null ? { defaultEndpointId: null } : {}),
    ...(before.uniqueKey !== null && nameKeys !== undefined && before.uniqueKey !== nameKeys.allKey
      ? { uniqueKey: null }
      : {}),
  };
}

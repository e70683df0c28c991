import { maxLockAttempts, protectedRow } from '../errors/failure';
import { batchSize } from '../runtime/batches';
import { chunkRows } from '../sql/chunks';
import { sortByCodePoint } from '../sql/code-point-order';
import type { ValuesOf } from '../sql/model';
import type { Row, Statement } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { agentBatchStatements } from './batch-statements';
import type { AgentBeforeChange, AgentColumns } from './new-row';
import { agentStatements } from './statements';

/** Stored values of an agent that decide about a change, for a call that changes many agents. */
export interface AgentBeforeBatch extends AgentBeforeChange, Pick<AgentColumns, 'defaultEndpointId'> {
  /** True when the agent has the endpoint `endpointId` of the request. */
  readonly hasEndpoint: boolean;
  /** True when the agent is the successor of a deprecated agent. */
  readonly hasPredecessors: boolean;
  /**
   * Number of endpoints and metadata entries of the agent. Always 0 on PostgreSQL, where the size of a statement does
   * not matter.
   */
  readonly size: number;
}

interface LoadRequest {
  readonly id: string;
  /** Id of an endpoint to look for among the endpoints of the agent. */
  readonly endpointId: string | null;
  readonly needsCapabilities: boolean;
}

/**
 * Loads agents, and blocks other changes of these agents until the end of the transaction. The ids must be different.
 * Returns the existing agents by their ids. An agent of another owner than `scopeOwner` counts as absent. Such an agent
 * is not locked.
 *
 * On PostgreSQL, the function tries again when it finds a row that it has not locked: another transaction may have
 * deleted the agent and registered the id again.
 */
export async function loadManyForUpdate(
  tx: Transaction,
  requests: readonly LoadRequest[],
  scopeOwner: string | undefined,
): Promise<ReadonlyMap<string, AgentBeforeBatch>> {
  if (requests.length === 0) return new Map();
  const { selectForUpdate } = agentBatchStatements(tx.dialect);
  const { selectLinkedOfMany } = agentStatements(tx.dialect).collections.capabilities;
  const agents = JSON.stringify(requests.map(({ id, endpointId }) => [id, endpointId]));
  const withCapabilities = requests.filter(({ needsCapabilities }) => needsCapabilities).map(({ id }) => id);
  const select: Statement[] = [selectForUpdate({ agents })];
  if (withCapabilities.length > 0) select.push(selectLinkedOfMany({ ids: JSON.stringify(withCapabilities) }));
  const load = (found: readonly (readonly Row[])[]): ReadonlyMap<string, AgentBeforeBatch> => {
    const agents = toAgents(found);
    if (scopeOwner === undefined) return agents;
    return new Map([...agents].filter(([, { owner }]) => owner === scopeOwner));
  };
  const lock = lockOf(tx, JSON.stringify(requests.map(({ id }) => id)), scopeOwner);
  if (lock === undefined) return load(await tx.queryAll(select));
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    const [locked = [], ...found] = await tx.queryAll([lock, ...select]);
    const lockedIds = new Set(locked.map(([id]) => id));
    const agents = load(found);
    if ([...agents.keys()].every((id) => lockedIds.has(id))) return agents;
  }
  throw protectedRow();
}

/**
 * Locks the agents of all batches of a call in the order of the ids. Does nothing for a single batch without repeated
 * ids. Two transactions could cause a deadlock if each batch locked only its own agents.
 */
export async function lockAllForUpdate(
  tx: Transaction,
  given: readonly string[],
  scopeOwner: string | undefined,
): Promise<void> {
  const ids = sortByCodePoint([...new Set(given)]);
  if (given.length <= batchSize && ids.length === given.length) return;
  await lockInOrder(tx, ids, scopeOwner);
}

/**
 * Blocks changes of agents until the end of the transaction. `ids` must be sorted by code point. Does not lock an agent
 * of another owner than `scopeOwner`.
 */
export async function lockInOrder(
  tx: Transaction,
  ids: readonly string[],
  scopeOwner: string | undefined,
): Promise<void> {
  for (let start = 0; start < ids.length; start += chunkRows) {
    const lock = lockOf(tx, JSON.stringify(ids.slice(start, start + chunkRows)), scopeOwner);
    if (lock === undefined) return;
    await tx.query(lock);
  }
}

/**
 * Returns the statement that locks agents. When `owner` is given, locks only agents of this owner. Returns undefined on
 * engines without row locks.
 */
export function lockOf({ dialect }: Transaction, ids: string, owner: string | undefined): Statement | undefined {
  return agentBatchStatements(dialect).lock?.({ ids }, owner);
}

/** Columns that the statement `selectForUpdate` selects for each of many agents. */
type LoadedRow = readonly [
  ...ValuesOf<AgentColumns, ['id', 'status', 'updatedAt']>,
  hasEndpoint: unknown,
  ...ValuesOf<AgentColumns, ['certificateId', 'name', 'version', 'owner', 'uniqueKey', 'defaultEndpointId']>,
  metadataSize: unknown,
  endpointsSize: unknown,
  hasPredecessors: unknown,
];

function toAgents([rows = [], links = []]: readonly (readonly Row[])[]): ReadonlyMap<string, AgentBeforeBatch> {
  const capabilities = new Map<unknown, Map<string, string>>();
  for (const [agentId, name, id] of links) {
    const stored = capabilities.get(agentId) ?? new Map<string, string>();
    capabilities.set(agentId, stored.set(String(name), String(id)));
  }
  return new Map(
    rows.map((row) => {
      // The cast is safe: the statement `selectForUpdate` selects exactly these columns.
      const loaded = row as LoadedRow;
      const [id, status, updatedAt, hasEndpoint, certificateId, name, version, owner, ...others] = loaded;
      const [uniqueKey, defaultEndpointId, metadataSize, endpointsSize, hasPredecessors] = others;
      const agent = {
        ...{ status, updatedAt, certificateId, name, version, owner, uniqueKey, defaultEndpointId },
        hasEndpoint: Boolean(hasEndpoint),
        hasPredecessors: Boolean(hasPredecessors),
        hasMuchMetadata: Number(metadataSize) > chunkRows,
        size: Number(metadataSize) + Number(endpointsSize),
        capabilities: capabilities.get(id) ?? new Map<string, string>(),
      };
      return [id, agent];
    }),
  );
}

import { maxLockAttempts, protectedRow, type Failure } from '../errors/failure';
import type { ValuesOf } from '../sql/model';
import type { Row } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { toStoredCapabilities } from './capability-statements';
import { changedMeanwhile, staysRevoked } from './failures';
import type { AgentBeforeChange, AgentChange, AgentColumns } from './new-row';
import type { ChangeRules } from './options';
import { agentStatements } from './statements';
import { unknownDefaultEndpoint } from './validation';

interface LockedAgent extends AgentBeforeChange {
  /** True when the agent has the endpoint `endpointId` of the request. */
  readonly hasEndpoint: boolean;
  /** True when the agent is the successor of a deprecated agent. */
  readonly hasPredecessors: boolean;
}

interface LoadRequest {
  readonly id: string;
  /** Id of an endpoint to look for among the endpoints of the agent. */
  readonly endpointId?: string | null;
  readonly needsCapabilities: boolean;
  readonly isDeprecation?: boolean;
  /**
   * Owner to whom the call is limited: an agent of another owner counts as absent. Undefined for agents of all owners.
   */
  readonly scopeOwner: string | undefined;
}

/**
 * Loads an agent, blocks other changes of the agent until the end of the transaction, and checks that the change is
 * allowed. Returns undefined when the agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION when a revoked agent would get
 * another status; INVALID_INPUT when the default endpoint does not belong to the agent
 */
export async function loadForUpdate(
  tx: Transaction,
  change: AgentChange,
  { ifUpdatedAt }: ChangeRules,
): Promise<AgentBeforeChange | undefined> {
  const { id, columns, collections, scopeOwner } = change;
  const agent = await lockForUpdate(tx, {
    id,
    endpointId: columns.defaultEndpointId ?? null,
    needsCapabilities: collections.capabilities !== undefined,
    isDeprecation: typeof columns.deprecatedAt === 'number',
    scopeOwner,
  });
  if (agent === undefined) return undefined;
  if (ifUpdatedAt !== undefined && agent.updatedAt !== ifUpdatedAt) throw changedMeanwhile();
  const failure = refusalOf(change, agent);
  if (failure !== undefined) throw failure;
  return agent;
}

/** Returns the failure of a change that the stored agent does not allow; undefined when the change is allowed. */
export function refusalOf(
  { columns: { status, defaultEndpointId }, collections }: AgentChange,
  agent: Pick<LockedAgent, 'status' | 'hasEndpoint'>,
): Failure | undefined {
  if (agent.status === 'REVOKED' && status !== undefined && status !== 'REVOKED') return staysRevoked();
  const isKnownEndpoint = agent.hasEndpoint || collections.endpoints !== undefined;
  return typeof defaultEndpointId === 'string' && !isKnownEndpoint ? unknownDefaultEndpoint() : undefined;
}

/**
 * Loads an agent, and blocks other changes of the agent until the end of the transaction. Returns undefined when the
 * agent does not exist. An agent of another owner than `scopeOwner` counts as absent. It is not locked, so that calls
 * of the other owner do not wait.
 *
 * While PostgreSQL waits for the lock, another transaction may delete the agent and register the id again. The new row
 * must also be locked, so the function tries again when it finds a row that it has not locked. It limits the number of
 * attempts: a row security policy may let the database role see an agent but not lock it.
 */
export async function lockForUpdate(
  tx: Transaction,
  { id, endpointId = null, needsCapabilities, isDeprecation = false, scopeOwner }: LoadRequest,
): Promise<LockedAgent | undefined> {
  const { locks, selectForUpdate, collections } = agentStatements(tx.dialect);
  const select = [selectForUpdate({ id, endpointId })];
  if (needsCapabilities) select.push(collections.capabilities.selectLinked({ id }));
  const load = (found: readonly (readonly Row[])[]): LockedAgent | undefined => {
    const agent = toLockedAgent(found);
    return scopeOwner === undefined || agent?.owner === scopeOwner ? agent : undefined;
  };
  const lock = locks?.[isDeprecation ? 'deprecation' : 'change']({ id }, scopeOwner);
  if (lock === undefined) return load(await tx.queryAll(select));
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    const [locked, ...found] = await tx.queryAll([lock, ...select]);
    const agent = load(found);
    if (locked?.length !== 0 || agent === undefined) return agent;
  }
  throw protectedRow();
}

/** Columns that the statement `selectForUpdate` selects for one agent. */
type LockedRow = readonly [
  ...ValuesOf<AgentColumns, ['status', 'updatedAt']>,
  hasEndpoint: unknown,
  ...ValuesOf<AgentColumns, ['certificateId', 'name', 'version', 'owner', 'uniqueKey']>,
  hasMuchMetadata: unknown,
  hasPredecessors: unknown,
];

function toLockedAgent([agents, capabilities = []]: readonly (readonly Row[])[]): LockedAgent | undefined {
  const row = agents?.[0];
  if (row === undefined) return undefined;
  // The cast is safe: the statement `selectForUpdate` selects exactly these columns.
  const [status, updatedAt, hasEndpoint, certificateId, name, version, owner, uniqueKey, hasMuch, isSuccessor] =
    row as LockedRow;
  return {
    ...{ status, updatedAt, certificateId, name, version, owner, uniqueKey },
    hasEndpoint: Boolean(hasEndpoint),
    hasMuchMetadata: Boolean(hasMuch),
    hasPredecessors: Boolean(isSuccessor),
    capabilities: toStoredCapabilities(capabilities),
  };
}

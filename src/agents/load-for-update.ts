import { maxLockAttempts, protectedRow } from '../errors/failure';
import type { ValuesOf } from '../sql/model';
import type { Row } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { changedMeanwhile, staysRevoked } from './failures';
import type { AgentChange, AgentColumns } from './new-row';
import type { ChangeRules } from './options';
import { agentStatements } from './statements';
import { unknownDefaultEndpoint } from './validation';

type BeforeChange = 'status' | 'updatedAt' | 'certificateId' | 'name' | 'version' | 'owner' | 'uniqueKey';

/** Stored values of an agent that a change depends on. */
export interface AgentBeforeChange extends Pick<AgentColumns, BeforeChange> {
  /** True when the metadata is so large that SQLite must delete it in several statements. */
  readonly hasMuchMetadata: boolean;
}

interface LockedAgent extends AgentBeforeChange {
  /** True when the agent has the endpoint whose id was passed as `endpointId`. */
  readonly hasEndpoint: boolean;
}

/**
 * Loads an agent, blocks other changes of it until the end of the transaction, and checks that the change is allowed.
 * Returns undefined when the agent does not exist.
 *
 * @throws CONFLICT when the agent has changed since `ifUpdatedAt`; INVALID_TRANSITION for a change of the status of a
 * revoked agent; INVALID_INPUT when the default endpoint does not belong to the agent
 */
export async function loadForUpdate(
  tx: Transaction,
  { id, columns: { status, defaultEndpointId }, collections }: AgentChange,
  { ifUpdatedAt }: ChangeRules,
): Promise<AgentBeforeChange | undefined> {
  const agent = await lockForUpdate(tx, id, defaultEndpointId ?? null);
  if (agent === undefined) return undefined;
  if (ifUpdatedAt !== undefined && agent.updatedAt !== ifUpdatedAt) throw changedMeanwhile();
  if (agent.status === 'REVOKED' && status !== undefined && status !== 'REVOKED') throw staysRevoked();
  const isKnownEndpoint = agent.hasEndpoint || collections.endpoints !== undefined;
  if (typeof defaultEndpointId === 'string' && !isKnownEndpoint) throw unknownDefaultEndpoint();
  return agent;
}

/**
 * Loads an agent and blocks other changes of it until the end of the transaction. Returns undefined when the agent does
 * not exist.
 *
 * While PostgreSQL waits for the lock, another transaction may delete the agent and register the id again. The new row
 * must be locked, too, so the function tries again when it finds a row that it has not locked. The number of attempts
 * is limited, because a row security policy may let the role see an agent but not lock it.
 */
export async function lockForUpdate(
  tx: Transaction,
  id: string,
  endpointId: string | null = null,
): Promise<LockedAgent | undefined> {
  const { lock, selectForUpdate } = agentStatements(tx.dialect);
  const select = selectForUpdate({ id, endpointId });
  if (lock === undefined) return toLockedAgent((await tx.query(select))[0]);
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    const [locked, found] = await tx.queryAll([lock({ id }), select]);
    if (locked?.length !== 0 || found?.length === 0) return toLockedAgent(found?.[0]);
  }
  throw protectedRow();
}

/** Columns of the statement `selectForUpdate`. */
type LockedRow = readonly [
  ...ValuesOf<AgentColumns, ['status', 'updatedAt']>,
  hasEndpoint: unknown,
  ...ValuesOf<AgentColumns, ['certificateId', 'name', 'version', 'owner', 'uniqueKey']>,
  hasMuchMetadata: unknown,
];

function toLockedAgent(row: Row | undefined): LockedAgent | undefined {
  if (row === undefined) return undefined;
  // The cast is safe: the statement `selectForUpdate` selects exactly these columns.
  const [status, updatedAt, hasEndpoint, certificateId, name, version, owner, uniqueKey, hasMuch] = row as LockedRow;
  return {
    ...{ status, updatedAt, certificateId, name, version, owner, uniqueKey },
    hasEndpoint: Boolean(hasEndpoint),
    hasMuchMetadata: Boolean(hasMuch),
  };
}

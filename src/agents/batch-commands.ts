import type { Failure } from '../errors/failure';
import { certificateRevoked, nameTaken } from '../errors/refused-column';
import type { Refusal } from '../runtime/batches';
import type { Transaction } from '../storage/transaction';
import type { NewAgentRow } from './new-row';
import { agentStatements, AgentStatements } from './statements';
import { agentChange } from './commands';
import { idTaken, unknownCertificate } from './failures';
import type { Uniqueness } from './types';
import type { AgentDefaults } from './validation';

/**
 * Maximum number of attempts to insert the agents of a batch. An attempt can fail because another connection has
 * inserted an agent with the same id meanwhile.
 */
const maxTries = 5;

/** Agent that was registered as a part of a batch. */
export interface Registered {
  readonly id: string;
}

/** Registers the valid agents of a batch. Returns the outcome of each agent, in order. */
export async function insertBatch(
  tx: Transaction,
  batch: readonly (NewAgentRow | Refusal)[],
  defaults: BatchDefaults,
): Promise<(Registered | Refusal)[]> {
  const rows = batch.filter((entry) => 'columns' in entry);
  const failures = new Map(
    (await insertAgents(tx, rows, defaults)).map((failure, position) => [rows[position], failure]),
  );
  return batch.map((entry) => {
    if (!('columns' in entry)) return entry;
    const { id } = entry.columns;
    const failure = failures.get(entry);
    return failure === undefined ? { id } : { id, failure };
  });
}

/** Settings of the call that the insertion of agents needs. */
type BatchDefaults = Pick<AgentDefaults, 'uniqueness' | 'allowsRevoked' | 'nowMs'>;

/**
 * Registers agents, many with each statement. Stores nothing of a refused agent. Returns the failure of each agent, in
 * input order; undefined for a registered agent.
 */
async function insertAgents(
  tx: Transaction,
  rows: readonly NewAgentRow[],
  { uniqueness, allowsRevoked, nowMs }: BatchDefaults,
): Promise<(Failure | undefined)[]> {
  if (rows.length === 0) return [];
  // Locks the names before any lookup. Every batch locks its names in the same order, which prevents deadlocks.
  const agents = rows.map(({ columns: { id }, nameKeys }) => ({ id, nameKeys }));
  tx.executeAtCommit(agentStatements(tx.dialect).names.lock(agents, uniqueness));
  const certificates = await selectCertificates(
    tx,
    rows.map(({ columns }) => columns.certificateId),
    // All rows of a call have the same `scopeOwner`.
    rows[0]?.scopeOwner,
  );
  // A taken id takes precedence over other failures. So when another failure is possible, taken ids are looked up first.
  // Otherwise, the INSERT statement finds the taken ids.
  const isEachUsable = rows.every(
    ({ columns }) => (certificates.get(columns.certificateId) ?? 'REVOKED') !== 'REVOKED',
  );
  const names = await selectTakenNames(tx, rows, uniqueness);
  const mustKnowIds = uniqueness !== 'none' || !isEachUsable || names.size > 0;
  const ids = mustKnowIds ? await selectTakenIds(tx, rows) : new Set<string>();
  let taken: Taken = { ids, names };
  const failures = new Map<NewAgentRow, Failure>();
  for (let rest = rows, tries = 1; ; tries += 1) {
    const { accepted, displaced } = choose(rest, { certificates, allowsRevoked, taken }, failures);
    const inserted = await insertRows(tx, accepted, nowMs);
    const lost = new Set(accepted.filter(({ columns }) => !inserted.has(columns.id)));
    const isLast = tries === maxTries;
    if (isLast) for (const row of lost) failures.set(row, idTaken());
    // Tries an agent again if it conflicted only with an agent of the batch that was refused.
    for (const { row, rival, failure } of displaced) {
      if (lost.has(rival) && !isLast) lost.add(row);
      else failures.set(row, failure);
    }
    if (lost.size === 0 || isLast) return rows.map((row) => failures.get(row));
    rest = rest.filter((row) => lost.has(row));
    taken = {
      ids: await selectTakenIds(tx, rest),
      names: await selectTakenNames(tx, rest, uniqueness),
    };
  }
}

/** Ids and names of new agents that conflict with stored agents. */
interface Taken {
  /** Ids of new agents that stored agents already have. */
  readonly ids: ReadonlySet<unknown>;
  /** Positions in the batch of the new agents whose name a stored agent already has. */
  readonly names: ReadonlySet<unknown>;
}

/** Stored data that decides whether agents can be registered. */
interface StoredState {
  /** Status of each existing certificate, by the id of the certificate. */
  readonly certificates: ReadonlyMap<string, unknown>;
  readonly allowsRevoked: boolean;
  readonly taken: Taken;
}

/**
 * Agent that conflicts with an earlier agent of the same batch, its `rival`. The registration fails if the rival is
 * registered.
 */
interface Displaced {
  readonly row: NewAgentRow;
  readonly rival: NewAgentRow;
  readonly failure: Failure;
}

/**
 * Chooses the agents of a batch to register. Accepts the first of several agents with the same id or unique name, and
 * returns the others as `displaced`. Adds a failure to `failures` for each agent that conflicts with stored data.
 */
function choose(
  rows: readonly NewAgentRow[],
  { certificates, allowsRevoked, taken }: StoredState,
  failures: Map<NewAgentRow, Failure>,
): { readonly accepted: readonly NewAgentRow[]; readonly displaced: readonly Displaced[] } {
  const accepted: NewAgentRow[] = [];
  const displaced: Displaced[] = [];
  const byId = new Map<string, NewAgentRow>();
  const byName = new Map<string | null, NewAgentRow>();
  for (const [position, row] of rows.entries()) {
    const { id, certificateId, uniqueKey } = row.columns;
    const [sameId, sameName] = [byId.get(id), byName.get(uniqueKey)];
    const status = certificates.get(certificateId);
    if (taken.ids.has(id)) failures.set(row, idTaken());
    else if (sameId !== undefined) displaced.push({ row, rival: sameId, failure: idTaken() });
    else if (taken.names.has(position)) failures.set(row, nameTaken());
    else if (sameName !== undefined) displaced.push({ row, rival: sameName, failure: nameTaken() });
    else if (status === undefined) failures.set(row, unknownCertificate());
    else if (status === 'REVOKED' && !allowsRevoked) failures.set(row, certificateRevoked());
    else {
      accepted.push(row);
      byId.set(id, row);
      if (uniqueKey !== null) byName.set(uniqueKey, row);
    }
  }
  return { accepted, displaced };
}

async function insertRows(tx: Transaction, rows: readonly NewAgentRow[], nowMs: number): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const statements = agentStatements(tx.dialect);
  // Inserts the rows in the order of their ids. Two batches that insert the same ids in different orders could cause a
  // deadlock.
  const ordered = [...rows].sort((one, other) => (one.columns.id < other.columns.id ? -1 : 1));
  const agents = JSON.stringify(ordered.map(({ columns }) => AgentStatements.toRecord(columns)));
  const inserted = toTexts(await tx.executeReturning(statements.insertMany({ agents })));
  const owners = rows.filter(({ columns }) => inserted.has(columns.id));
  const collections = owners.map(({ columns, collections }) => ({ agentId: columns.id, collections }));
  tx.executeAtCommit(statements.collections.insert(collections));
  tx.recordChange(agentChange('CREATED', [...inserted], nowMs));
  return inserted;
}

/**
 * Returns the status of each existing certificate, by the id of the certificate. Blocks changes of these certificates
 * until the end of the transaction.
 *
 * @param scopeOwner - when given, a certificate that an agent of another owner holds counts as absent.
 */
export async function selectCertificates(
  tx: Transaction,
  ids: readonly string[],
  scopeOwner: string | undefined,
): Promise<ReadonlyMap<string, unknown>> {
  if (ids.length === 0) return new Map();
  const statement = agentStatements(tx.dialect).selectCertificates(
    { ids: JSON.stringify([...new Set(ids)]) },
    scopeOwner,
  );
  return new Map((await tx.query(statement)).map(([id, status]) => [String(id), status]));
}

async function selectTakenIds(tx: Transaction, rows: readonly NewAgentRow[]): Promise<ReadonlySet<string>> {
  const ids = JSON.stringify(rows.map(({ columns }) => columns.id));
  return toTexts(await tx.query(agentStatements(tx.dialect).selectIds({ ids })));
}

async function selectTakenNames(
  tx: Transaction,
  rows: readonly NewAgentRow[],
  uniqueness: Uniqueness,
): Promise<ReadonlySet<unknown>> {
  const agents = rows.map(({ columns, nameKeys }) => ({ ...columns, nameKeys }));
  const found = await tx.query(agentStatements(tx.dialect).names.selectTaken(agents, uniqueness));
  return new Set(found.map(([position]) => position));
}

function toTexts(rows: readonly (readonly unknown[])[]): ReadonlySet<string> {
  return new Set(rows.map(([text]) => String(text)));
}

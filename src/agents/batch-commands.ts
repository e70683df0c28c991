import { Failure, failureAt } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import { certificateRevoked, nameTaken } from '../errors/refused-column';
import type { Transaction } from '../storage/transaction';
import type { NewAgentRow } from './new-row';
import { agentStatements, AgentStatements } from './statements';
import { agentChange } from './commands';
import { idTaken, unknownCertificate } from './failures';
import { parseNewAgent, type AgentDefaults } from './validation';
import type { CreateResult, Uniqueness } from './types';

/** Maximum number of agents, and approximate maximum number of their characters, that one set of statements writes. */
const batchSize = 500;
const batchLength = 16_777_216;

/**
 * Maximum number of times that a batch looks up the agents that conflict with an insert. Other connections may insert
 * first every time.
 */
const maxTries = 5;

/** Result of one agent: its id, if it has one, and the reason when it was refused. */
export interface Outcome {
  readonly id: string | undefined;
  readonly failure: Failure | undefined;
}

/** Checks the agents of a batch; a wrong one comes as its failure. */
export function parseBatch(
  inputs: readonly unknown[],
  start: number,
  defaults: AgentDefaults,
): (NewAgentRow | Outcome)[] {
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

/** Registers the valid agents of a batch. Returns the outcome of each agent, in order. */
export async function insertBatch(
  tx: Transaction,
  batch: readonly (NewAgentRow | Outcome)[],
  defaults: AgentDefaults,
): Promise<Outcome[]> {
  const rows = batch.filter((entry) => 'columns' in entry);
  const failures = await insertAgents(tx, rows, defaults);
  const outcomes = new Map(rows.map((row, position) => [row, { id: row.columns.id, failure: failures[position] }]));
  return batch.map((entry) => ('columns' in entry ? (outcomes.get(entry) ?? wasLost()) : entry));
}

/** Registers all agents, a batch at a time. @throws the failure of the first that is refused */
export async function insertAll(
  register: (start: number) => Promise<Outcome[]>,
  total: number,
  onProgress: (done: number, total: number) => void,
): Promise<CreateResult[]> {
  const results: CreateResult[] = [];
  while (results.length < total) {
    for (const { id, failure } of await register(results.length)) {
      if (failure !== undefined) throw failureAt(`agents[${results.length}]`, failure);
      results.push({ ok: true, id: id ?? '' });
    }
    onProgress(results.length, total);
  }
  return results;
}

/** Returns the result for one agent that the caller receives. */
export function toResult({ id, failure }: Outcome): CreateResult {
  if (failure === undefined) return { ok: true, id: id ?? '' };
  return { ok: false, ...(id === undefined ? undefined : { id }), error: toDatabaseError('agents.create', failure) };
}

/**
 * Registers agents by a number of statements that does not depend on how many they are. Gives for each, in their order,
 * undefined or why it was refused; a refused one leaves nothing.
 */
async function insertAgents(
  tx: Transaction,
  rows: readonly NewAgentRow[],
  { uniqueness, allowsRevoked, nowMs }: AgentDefaults,
): Promise<(Failure | undefined)[]> {
  if (rows.length === 0) return [];
  // Before any lookup, in an order that is the same for every batch.
  const agents = rows.map(({ columns: { id }, nameKeys }) => ({ id, nameKeys }));
  tx.executeAtCommit(agentStatements(tx.dialect).names.lock(agents, uniqueness));
  const certificates = await selectCertificates(tx, rows);
  // The insert reports the ids that are taken, unless an earlier lookup is needed: the names of two agents of a batch
  // may conflict, and a taken id is reported before a taken name and before a wrong certificate.
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
    // An agent that was displaced by an agent that is itself refused may be registered after all.
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

/** Values of the new agents that stored agents already have. */
interface Taken {
  readonly ids: ReadonlySet<unknown>;
  /** The positions of those whose name is taken. */
  readonly names: ReadonlySet<unknown>;
}

/** Stored state that decides whether an agent can be registered. */
interface Surroundings {
  /** Status of each certificate that exists, by id. */
  readonly certificates: ReadonlyMap<string, unknown>;
  readonly allowsRevoked: boolean;
  readonly taken: Taken;
}

/** Agent that conflicts with an earlier one of the batch, with its failure if the earlier one is registered. */
interface Displaced {
  readonly row: NewAgentRow;
  readonly rival: NewAgentRow;
  readonly failure: Failure;
}

/** Chooses whom to register: of those of the same id, or of the same name, the first. */
function choose(
  rows: readonly NewAgentRow[],
  { certificates, allowsRevoked, taken }: Surroundings,
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
  // In the order of their ids, so that two batches cannot each wait for an id that the other one has inserted first.
  const ordered = [...rows].sort((one, other) => (one.columns.id < other.columns.id ? -1 : 1));
  const agents = JSON.stringify(ordered.map(({ columns }) => AgentStatements.toRecord(columns)));
  const inserted = toTexts(await tx.executeReturning(statements.insertMany({ agents })));
  const owners = rows.filter(({ columns }) => inserted.has(columns.id));
  const collections = owners.map(({ columns, collections }) => ({ agentId: columns.id, collections }));
  tx.executeAtCommit(statements.collections.insert(collections));
  tx.recordChange(agentChange('CREATED', [...inserted], nowMs));
  return inserted;
}

async function selectCertificates(
  tx: Transaction,
  rows: readonly NewAgentRow[],
): Promise<ReadonlyMap<string, unknown>> {
  const ids = [...new Set(rows.map(({ columns }) => columns.certificateId))];
  const found = await tx.query(agentStatements(tx.dialect).selectCertificates({ ids: JSON.stringify(ids) }));
  return new Map(found.map(([id, status]) => [String(id), status]));
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

function idOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  try {
    const id: unknown = Reflect.get(input, 'id');
    return typeof id === 'string' ? id : undefined;
  } catch {
    // A getter of the caller's. That the agent cannot be read is what its failure says.
    return undefined;
  }
}

function wasLost(): never {
  throw new Failure('INTERNAL', 'a row of the batch has no outcome');
}

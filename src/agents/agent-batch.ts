import { Failure, failureAt } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import { inOrder, type Work } from '../sql/statement';
import type { NewAgentRow } from './agent-row';
import { AgentStatements, type Namesake } from './agent-statements';
import { nameTaken, noteOf } from './agent-work';
import { parseNewAgent, type AgentDefaults } from './parse-agent';
import type { CreateResult, Uniqueness } from './types';

/** How many agents, and about how many characters of them, one set of statements writes. */
const batchSize = 500;
const batchLength = 16_777_216;

/** What became of one agent: its id, if it has one, and why it was refused, if it was. */
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

/** Registers those of a batch that are right. */
export function* insertBatch(
  statements: AgentStatements,
  batch: readonly (NewAgentRow | Outcome)[],
  { uniqueness, nowMs }: AgentDefaults,
): Work<Outcome[]> {
  const rows = batch.filter((entry) => 'columns' in entry);
  const failures = yield* insertAgents(statements, rows, uniqueness, nowMs);
  const outcomes = new Map(rows.map((row, position) => [row, { id: row.columns.id, failure: failures[position] }]));
  return batch.map((entry) => ('columns' in entry ? (outcomes.get(entry) ?? wasLost()) : entry));
}

/** Registers all agents, a batch at a time. @throws the failure of the first that is refused */
export function* insertAll(
  register: (start: number) => Work<Outcome[]>,
  total: number,
  onProgress: (done: number, total: number) => void,
): Work<CreateResult[]> {
  const results: CreateResult[] = [];
  while (results.length < total) {
    for (const { id, failure } of yield* register(results.length)) {
      if (failure !== undefined) throw failureAt(`agents[${results.length}]`, failure);
      results.push({ ok: true, id: id ?? '' });
    }
    onProgress(results.length, total);
  }
  return results;
}

/** What the caller is told of an agent. */
export function toResult({ id, failure }: Outcome): CreateResult {
  if (failure === undefined) return { ok: true, id: id ?? '' };
  return { ok: false, ...(id === undefined ? undefined : { id }), error: toDatabaseError('agents.create', failure) };
}

/**
 * Registers agents by a number of statements that does not depend on how many they are. Gives for each, in their order,
 * undefined or why it was refused; a refused one leaves nothing.
 */
function* insertAgents(
  statements: AgentStatements,
  rows: readonly NewAgentRow[],
  uniqueness: Uniqueness,
  nowMs: number,
): Work<(Failure | undefined)[]> {
  const known = yield* selectKnownCertificates(statements, rows);
  const taken = uniqueness === 'none' ? new Set() : yield* selectTakenNames(statements, rows, uniqueness);
  const seenIds = new Set<string>();
  const seenKeys = new Set<string>();
  const failures = rows.map(({ columns: { id, certificateId, uniqueKey } }, position): Failure | undefined => {
    // Of those of the same id, or of the same name, the first is registered.
    if (seenIds.has(id)) return idTaken();
    if (taken.has(position) || (uniqueKey !== null && seenKeys.has(uniqueKey))) return nameTaken();
    if (!known.has(certificateId)) return unknownCertificate();
    seenIds.add(id);
    if (uniqueKey !== null) seenKeys.add(uniqueKey);
    return undefined;
  });
  const accepted = rows.filter((_, position) => failures[position] === undefined);
  const inserted = yield* insertRows(statements, accepted, nowMs);
  return failures.map((failure, position) => {
    const id = rows[position]?.columns.id ?? '';
    return failure ?? (inserted.has(id) ? undefined : idTaken());
  });
}

function* insertRows(
  statements: AgentStatements,
  rows: readonly NewAgentRow[],
  nowMs: number,
): Work<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const agents = JSON.stringify(rows.map(({ columns }) => AgentStatements.toRecord(columns)));
  const inserted = toTexts((yield statements.insertMany({ agents })).rows);
  const owners = rows.filter(({ columns }) => inserted.has(columns.id));
  const collections = owners.map(({ columns, collections }) => ({ agentId: columns.id, collections }));
  yield* inOrder(statements.collections.insert(collections));
  yield noteOf('CREATED', [...inserted], nowMs);
  return inserted;
}

function* selectKnownCertificates(
  statements: AgentStatements,
  rows: readonly NewAgentRow[],
): Work<ReadonlySet<string>> {
  const ids = [...new Set(rows.map(({ columns }) => columns.certificateId))];
  return toTexts((yield statements.selectCertificates({ ids: JSON.stringify(ids) })).rows);
}

function* selectTakenNames(
  statements: AgentStatements,
  rows: readonly NewAgentRow[],
  uniqueness: Uniqueness,
): Work<ReadonlySet<unknown>> {
  const namesakes = rows.map(({ columns: { name, version, owner } }, position): Namesake => {
    return [position, name, version, uniqueness === 'name-version' ? null : owner];
  });
  const { rows: found } = yield statements.selectNamesakes({ namesakes: JSON.stringify(namesakes) });
  return new Set(found.map(([position]) => position));
}

function toTexts(rows: readonly (readonly unknown[])[]): ReadonlySet<string> {
  return new Set(rows.map(([text]) => String(text)));
}

function idTaken(): Failure {
  return new Failure('ALREADY_EXISTS', 'id is taken already', { entity: 'agent', field: 'id' });
}

function unknownCertificate(): Failure {
  return new Failure('REFERENCE_NOT_FOUND', 'a record that this one refers to does not exist', {
    entity: 'certificate',
    field: 'certificateId',
  });
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

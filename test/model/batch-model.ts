import type {
  AgentInput,
  AgentUpdate,
  BatchOptions,
  CertificateInput,
  CreateManyOptions,
  CreateOptions,
  RegistrationInput,
  SecurityEventInput,
  UpdateManyOptions,
} from '../../src';
import { createAgent, deleteAgent, updateAgent } from './agent-model';
import { createCertificate } from './certificate-model';
import { recordEvent } from './event-model';
import { answers, asOneCall, codesOf, fails, generatedId, leaves, OneOf } from './prediction';
import type { Directory, Prediction, Settings } from './prediction';
import { hasBadText } from './text';

/**
 * Predicts `agents.createMany`, which creates the agents in order. `abort` fails with the first error and writes
 * nothing; `collect` continues.
 */
export function createMany(
  directory: Directory,
  settings: Settings,
  inputs: readonly AgentInput[],
  { onError, ...options }: CreateManyOptions,
): Prediction {
  return inOrder(directory, inputs, onError, {
    predict: (before, input) => createAgent(before, settings, input, options),
    toResult: ({ id = generatedId }) => ({ ok: true, id }),
  });
}

/** Predicts `certificates.createMany`, which stores the certificates in order. */
export function createCertificates(
  directory: Directory,
  settings: Settings,
  inputs: readonly CertificateInput[],
  { onError }: BatchOptions,
): Prediction {
  return inOrder(directory, inputs, onError, {
    predict: (before, input) => createCertificate(before, settings, input),
    toResult: ({ id = generatedId }) => ({ ok: true, id }),
  });
}

/** Predicts `agents.updateMany`, which makes the changes in order. */
export function updateMany(
  directory: Directory,
  settings: Settings,
  inputs: readonly AgentUpdate[],
  { onError, ...options }: UpdateManyOptions,
): Prediction {
  return inOrder(directory, inputs, onError, {
    predict: (before, input) => updateAgent(before, settings, input, options),
    toResult: ({ id }, changed) => ({ ok: true, id, changed }),
  });
}

/** Predicts `agents.deleteMany`, which deletes the agents in order. */
export function deleteMany(directory: Directory, settings: Settings, ids: readonly string[]): Prediction {
  if (ids.includes('')) return fails(directory, 'INVALID_INPUT');
  const results: unknown[] = [];
  const after = ids.reduce((before, id) => {
    results.push(before.agents.has(id));
    return deleteAgent(before, settings, id).next(true);
  }, directory);
  return leaves(asOneCall(directory, after), results);
}

interface IdInput {
  readonly id?: string | undefined;
}

/** Predicts calls of one method, one after the other, as one call with a result for each. */
export function inOrder<Input extends IdInput>(
  directory: Directory,
  inputs: readonly Input[],
  onError: BatchOptions['onError'],
  {
    predict,
    toResult,
  }: {
    readonly predict: (before: Directory, input: Input) => Prediction;
    readonly toResult: (input: Input, result: unknown) => unknown;
  },
): Prediction {
  const results: unknown[] = [];
  const works: { readonly place: number; readonly input: Input }[] = [];
  let now = directory;
  for (const [place, input] of inputs.entries()) {
    const prediction = hasBadText(input) ? fails(now, 'INVALID_INPUT') : predict(now, input);
    const codes = codesOf(prediction);
    if (codes.length > 0 && onError !== 'collect') return fails(directory, ...codes);
    const id = input.id === undefined ? {} : { id: input.id };
    const [outcome] = prediction.outcomes;
    const result = outcome !== undefined && 'result' in outcome ? outcome.result : undefined;
    results.push(codes.length > 0 ? { ok: false, ...id, error: new OneOf(codes) } : toResult(input, result));
    if (codes.length > 0) continue;
    works.push({ place, input });
    now = prediction.next(input.id ?? `made up ${place}`);
  }
  const next = (result: unknown): Directory => {
    // The result has this form: it was compared with the prediction before.
    const actual = result as readonly { readonly id: string }[];
    const after = works.reduce((before, { place, input }) => predict(before, input).next(actual[place]?.id), directory);
    return asOneCall(directory, after);
  };
  return { outcomes: [{ result: results }], next };
}

/** Predicts `events.recordMany`, which records all events in order, or none. */
export function recordMany(
  directory: Directory,
  settings: Settings,
  inputs: readonly SecurityEventInput[],
): Prediction {
  if (inputs.some((input) => codesOf(recordEvent(directory, settings, input)).includes('INVALID_INPUT'))) {
    return fails(directory, 'INVALID_INPUT');
  }
  const ids = inputs.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (new Set(ids).size < ids.length || ids.some((id) => directory.events.has(id))) {
    return fails(directory, 'ALREADY_EXISTS');
  }
  if (inputs.length === 0) return answers(directory, []);
  const next = (result: unknown): Directory =>
    // The result has this form: it was compared with the prediction before.
    inputs.reduce((before, input, place) => {
      return recordEvent(before, settings, input).next((result as readonly string[])[place]);
    }, directory);
  return { outcomes: [{ result: inputs.map(({ id }) => id ?? generatedId) }], next };
}

/** Predicts `register`, which creates the certificate, the agent and the event in one transaction. */
export function register(
  directory: Directory,
  settings: Settings,
  { certificate, agent, event }: RegistrationInput,
  options: CreateOptions,
): Prediction {
  const certificateId = certificate.id ?? 'made up';
  const first = createCertificate(directory, settings, certificate);
  // When the certificate is refused, another certificate takes its id. The agent then has no error because of the
  // certificate.
  const known = codesOf(first).length > 0 ? withCertificate(directory, certificateId) : first.next(certificateId);
  const second = createAgent(known, settings, { ...agent, certificateId }, options);
  const third = event === undefined ? undefined : recordEvent(directory, settings, event);
  const codes = [first, second, ...(third === undefined ? [] : [third])].flatMap(codesOf);
  const isOther = agent.certificateId !== undefined && agent.certificateId !== certificateId;
  if (isOther || codes.includes('INVALID_INPUT')) return fails(directory, 'INVALID_INPUT');
  if (codes.length > 0) return fails(directory, ...codes);
  const next = (result: unknown): Directory => {
    // The result has this form: it was compared with the prediction before.
    const ids = result as { readonly certificateId: string; readonly agentId: string; readonly eventId?: string };
    const certified = first.next(ids.certificateId);
    const input = { ...agent, certificateId: ids.certificateId };
    const registered = createAgent(certified, settings, input, options).next(ids.agentId);
    const after = event === undefined ? registered : recordEvent(registered, settings, event).next(ids.eventId);
    return asOneCall(directory, after);
  };
  const eventId = event === undefined ? {} : { eventId: event.id ?? generatedId };
  const result = { certificateId: certificate.id ?? generatedId, agentId: agent.id ?? generatedId, ...eventId };
  return { outcomes: [{ result }], next };
}

function withCertificate(directory: Directory, id: string): Directory {
  const some = [...directory.certificates.values()].slice(0, 1);
  const entries = some.map((certificate) => [id, certificate] as const);
  return { ...directory, certificates: new Map([...directory.certificates, ...entries]) };
}

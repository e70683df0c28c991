import type { AgentInput, CreateManyOptions, CreateOptions, RegistrationInput, SecurityEventInput } from '../../src';
import { createAgent } from './agent-model';
import { createCertificate } from './certificate-model';
import { recordEvent } from './event-model';
import {
  answers,
  asOneCall,
  codesOf,
  fails,
  generatedId,
  OneOf,
  type Directory,
  type Prediction,
  type Settings,
} from './prediction';
import { hasBadText } from './text';

/**
 * Predicts `agents.createMany`, which creates the agents in order. `abort` fails with the first error and writes
 * nothing; `collect` continues.
 */
export function createMany(
  directory: Directory,
  inputs: readonly AgentInput[],
  { onError = 'abort', ...options }: CreateManyOptions,
  settings: Settings,
): Prediction {
  const results: unknown[] = [];
  const works: { readonly place: number; readonly input: AgentInput }[] = [];
  let now = directory;
  for (const [place, input] of inputs.entries()) {
    const prediction = hasBadText(input) ? fails(now, 'INVALID_INPUT') : createAgent(now, input, settings, options);
    const codes = codesOf(prediction);
    if (codes.length > 0 && onError === 'abort') return fails(directory, ...codes);
    const id = input.id === undefined ? {} : { id: input.id };
    results.push(
      codes.length > 0 ? { ok: false, ...id, error: new OneOf(codes) } : { ok: true, id: generatedId, ...id },
    );
    if (codes.length > 0) continue;
    works.push({ place, input });
    now = prediction.next(input.id ?? `made up ${place}`);
  }
  const next = (result: unknown): Directory => {
    // The result has this form: it was compared with the prediction before.
    const actual = result as readonly { readonly id: string }[];
    const after = works.reduce((before, { place, input }) => {
      return createAgent(before, input, settings, options).next(actual[place]?.id);
    }, directory);
    return asOneCall(directory, after);
  };
  return { outcomes: [{ result: results }], next };
}

/** Predicts `events.recordMany`, which records all events in order, or none. */
export function recordMany(
  directory: Directory,
  inputs: readonly SecurityEventInput[],
  settings: Settings,
): Prediction {
  if (inputs.some((input) => codesOf(recordEvent(directory, input, settings)).includes('INVALID_INPUT'))) {
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
      return recordEvent(before, input, settings).next((result as readonly string[])[place]);
    }, directory);
  return { outcomes: [{ result: inputs.map(({ id }) => id ?? generatedId) }], next };
}

/** Predicts `register`, which creates the certificate, the agent and the event in one transaction. */
export function register(
  directory: Directory,
  { certificate, agent, event }: RegistrationInput,
  options: CreateOptions,
  settings: Settings,
): Prediction {
  const certificateId = certificate.id ?? 'made up';
  const first = createCertificate(directory, certificate, settings);
  // When the certificate is refused, another certificate takes its id. The agent then has no error because of the
  // certificate.
  const known = codesOf(first).length > 0 ? withCertificate(directory, certificateId) : first.next(certificateId);
  const second = createAgent(known, { ...agent, certificateId }, settings, options);
  const third = event === undefined ? undefined : recordEvent(directory, event, settings);
  const codes = [first, second, ...(third === undefined ? [] : [third])].flatMap(codesOf);
  const isOther = agent.certificateId !== undefined && agent.certificateId !== certificateId;
  if (isOther || codes.includes('INVALID_INPUT')) return fails(directory, 'INVALID_INPUT');
  if (codes.length > 0) return fails(directory, ...codes);
  const next = (result: unknown): Directory => {
    // The result has this form: it was compared with the prediction before.
    const ids = result as { readonly certificateId: string; readonly agentId: string; readonly eventId?: string };
    const certified = first.next(ids.certificateId);
    const input = { ...agent, certificateId: ids.certificateId };
    const registered = createAgent(certified, input, settings, options).next(ids.agentId);
    const after = event === undefined ? registered : recordEvent(registered, event, settings).next(ids.eventId);
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

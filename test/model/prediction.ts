import type { AgentRecord, Certificate, DatabaseErrorCode, SecurityEvent, Uniqueness } from '../../src';

/** All records of the model. The object is immutable: a call creates a new one. */
export interface Directory {
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly agents: ReadonlyMap<string, AgentRecord>;
  readonly events: ReadonlyMap<string, SecurityEvent>;
  /** Scope in which an agent has reserved its name and version, by the id of the agent. */
  readonly holds: ReadonlyMap<string, Uniqueness>;
  /** Entries of the feed by call; the changes of one call may come in any order. */
  readonly feed: readonly (readonly string[])[];
}

export interface Settings {
  readonly nowMs: number;
  readonly lifetimeMs: number;
  readonly maxResults: number;
}

/** Outcome of a call: its result, or the code of its error. */
export type Outcome = { readonly result: unknown } | { readonly code: DatabaseErrorCode };

/** Permitted outcomes of a call, and the state after its success. A failed call changes nothing. */
export interface Prediction {
  /** There are several outcomes only when the contract allows them. */
  readonly outcomes: readonly Outcome[];
  readonly next: (result: unknown) => Directory;
}

/** Predicts a call with these arguments. */
export type Predict<Args extends unknown[]> = (directory: Directory, settings: Settings, ...args: Args) => Prediction;

/** Placeholder for an id that the package generates. */
export const generatedId = Symbol('generated id');

/** Placeholder for an error with one of several codes. */
export class OneOf {
  constructor(readonly codes: readonly DatabaseErrorCode[]) {}
}

export const emptyDirectory: Directory = {
  certificates: new Map(),
  agents: new Map(),
  events: new Map(),
  holds: new Map(),
  feed: [],
};

/** Predicts that a call returns `result` and changes nothing. */
export function answers(directory: Directory, result: unknown): Prediction {
  return { outcomes: [{ result }], next: () => directory };
}

/** Predicts that a call returns `result` and that the records are `next` afterwards. */
export function leaves(next: Directory, result: unknown): Prediction {
  return { outcomes: [{ result }], next: () => next };
}

/** Predicts that a call fails with one of the codes. There are several codes when the call has several errors. */
export function fails(directory: Directory, ...codes: readonly DatabaseErrorCode[]): Prediction {
  return { outcomes: codes.map((code) => ({ code })), next: () => directory };
}

/** Returns the codes with which a call may fail. */
export function codesOf({ outcomes }: Prediction): DatabaseErrorCode[] {
  return outcomes.flatMap((outcome) => ('code' in outcome ? [outcome.code] : []));
}

type Kind = 'CREATED' | 'UPDATED' | 'DELETED';

/** Returns the feed entry of a change. */
export function toFeedEntry(entity: string, id: string, kind: Kind, changedAtMs: number): string {
  return `${entity} ${id} ${kind} ${changedAtMs}`;
}

/** Returns the directory with these agents. Its feed reports their changes as those of one call. */
export function withAgents(directory: Directory, agents: readonly AgentRecord[], kind: Kind, nowMs: number): Directory {
  const entries = agents.map((agent) => [agent.id, agent] as const);
  const changes = agents.map(({ id }) => toFeedEntry('agent', id, kind, nowMs));
  return withFeedEntries({ ...directory, agents: new Map([...directory.agents, ...entries]) }, changes);
}

/** Returns the directory with these certificates. Its feed reports their changes as those of one call. */
export function withCertificates(
  directory: Directory,
  certificates: readonly Certificate[],
  kind: Kind,
  nowMs: number,
): Directory {
  const entries = certificates.map((certificate) => [certificate.id, certificate] as const);
  const changes = certificates.map(({ id }) => toFeedEntry('certificate', id, kind, nowMs));
  return withFeedEntries({ ...directory, certificates: new Map([...directory.certificates, ...entries]) }, changes);
}

/** Returns the directory with these entries, of one call, at the end of its feed. */
export function withFeedEntries(directory: Directory, changes: readonly string[]): Directory {
  return { ...directory, feed: [...directory.feed, changes] };
}

/** Returns the directory with all feed entries since `start` as the entries of one call. */
export function asOneCall(start: Directory, directory: Directory): Directory {
  const { length } = start.feed;
  return { ...directory, feed: [...directory.feed.slice(0, length), directory.feed.slice(length).flat()] };
}

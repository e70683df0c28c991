import type { AgentRecord, Certificate, DatabaseErrorCode, SecurityEvent, Uniqueness } from '../../src';

/** All that a directory holds. Never changed: a call makes another one. */
export interface Directory {
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly agents: ReadonlyMap<string, AgentRecord>;
  readonly events: ReadonlyMap<string, SecurityEvent>;
  /** The agents that hold their name and version, by id, and among whose agents it is theirs alone. */
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
  /** More than one only where the contract leaves it open. */
  readonly outcomes: readonly Outcome[];
  readonly next: (result: unknown) => Directory;
}

/** Stands for an id that the package makes up. */
export const generatedId = Symbol('generated id');

/** Stands for one of several codes. */
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

/** A call that answers `result` and changes nothing. */
export function answers(directory: Directory, result: unknown): Prediction {
  return { outcomes: [{ result }], next: () => directory };
}

/** A call that answers `result` and leaves `next`. */
export function leaves(next: Directory, result: unknown): Prediction {
  return { outcomes: [{ result }], next: () => next };
}

/** A call that fails: with one of the codes, where several mistakes are made at once. */
export function fails(directory: Directory, ...codes: readonly DatabaseErrorCode[]): Prediction {
  return { outcomes: codes.map((code) => ({ code })), next: () => directory };
}

/** The codes that a call may fail with. */
export function codesOf({ outcomes }: Prediction): DatabaseErrorCode[] {
  return outcomes.flatMap((outcome) => ('code' in outcome ? [outcome.code] : []));
}

type Kind = 'CREATED' | 'UPDATED' | 'DELETED';

/** Entry of the feed for a change. */
export function toNews(entity: string, id: string, kind: Kind, changedAtMs: number): string {
  return `${entity} ${id} ${kind} ${changedAtMs}`;
}

/** The directory with these agents, which the feed tells of as changed by one call. */
export function withAgents(directory: Directory, agents: readonly AgentRecord[], kind: Kind, nowMs: number): Directory {
  const entries = agents.map((agent) => [agent.id, agent] as const);
  const news = agents.map(({ id }) => toNews('agent', id, kind, nowMs));
  return told({ ...directory, agents: new Map([...directory.agents, ...entries]) }, news);
}

/** The same for certificates. */
export function withCertificates(
  directory: Directory,
  certificates: readonly Certificate[],
  kind: Kind,
  nowMs: number,
): Directory {
  const entries = certificates.map((certificate) => [certificate.id, certificate] as const);
  const news = certificates.map(({ id }) => toNews('certificate', id, kind, nowMs));
  return told({ ...directory, certificates: new Map([...directory.certificates, ...entries]) }, news);
}

/** The directory whose feed tells this, too. */
export function told(directory: Directory, news: readonly string[]): Directory {
  return { ...directory, feed: [...directory.feed, news] };
}

/** The same where what was told since `start` is of one call. */
export function asOneCall(start: Directory, directory: Directory): Directory {
  const { length } = start.feed;
  return { ...directory, feed: [...directory.feed.slice(0, length), directory.feed.slice(length).flat()] };
}

import type { AgentRecord, Certificate, DatabaseErrorCode, SecurityEvent } from '../../src';

/** All that a directory holds. Never changed: a call makes another one. */
export interface Directory {
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly agents: ReadonlyMap<string, AgentRecord>;
  readonly events: ReadonlyMap<string, SecurityEvent>;
}

export interface Settings {
  readonly nowMs: number;
  readonly lifetimeMs: number;
  readonly maxResults: number;
}

/** What a call answered: its result, or the code of its error. */
export type Outcome = { readonly result: unknown } | { readonly code: DatabaseErrorCode };

/** What a call may answer, and what it leaves when it succeeds. A call that fails leaves everything as it was. */
export interface Prediction {
  /** More than one only where the contract leaves it open. */
  readonly outcomes: readonly Outcome[];
  readonly next: (result: unknown) => Directory;
}

/** Stands for an id that the package makes up. */
export const generatedId = Symbol('generated id');

export const emptyDirectory: Directory = { certificates: new Map(), agents: new Map(), events: new Map() };

/** A call that answers `result` and changes nothing. */
export function answers(directory: Directory, result: unknown): Prediction {
  return { outcomes: [{ result }], next: () => directory };
}

/** A call that fails: with one of the codes, where several mistakes are made at once. */
export function fails(directory: Directory, ...codes: readonly DatabaseErrorCode[]): Prediction {
  return { outcomes: codes.map((code) => ({ code })), next: () => directory };
}

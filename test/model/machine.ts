import type fc from 'fast-check';
import type { DatabaseService } from '../../src';
import type { Directory, Settings } from './prediction';

/** The model at some point in a sequence of calls. */
export interface Model {
  directory: Directory;
}

/** The database and its clock. */
export interface Real {
  readonly db: DatabaseService;
  /** Another service on the same database. */
  readonly other: DatabaseService;
  readonly clock: { nowMs: number };
}

/** Name in `Real` of the service that makes a call. */
export type Place = 'db' | 'other';

export type Command = fc.AsyncCommand<Model, Real, true>;

export const limits = { lifetimeMs: 86_400_000, maxResults: 4 };

export function settingsAt({ nowMs }: Real['clock']): Settings {
  return { nowMs, ...limits };
}

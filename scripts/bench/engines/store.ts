import type { Build } from '../builds';

export const engineNames = ['sqlite', 'postgresql'] as const;
export type EngineName = (typeof engineNames)[number];

/** The databases of one engine that the contenders work on. */
export interface Store {
  /** The engine and its version. */
  readonly version: string;
  /** Creates the database that the others are copies of, and fills it through a build of the package. */
  fill(build: Build, agentCount: number): Promise<void>;
  /** Copies it, for one contender; gives the place of the copy. */
  copy(name: string): Promise<string>;
  /** A digest of what was written into a copy, read without any contender's code. */
  digestOf(location: string): Promise<string>;
  close(): Promise<void>;
}

/** Options of opening a store. */
export interface StoreOptions {
  /** For files; gone afterwards. */
  readonly folder: string;
  readonly analyze: boolean;
}

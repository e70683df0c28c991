import type { Build } from '../builds';
import type { DatabaseSize } from '../data';

export const engineNames = ['sqlite', 'postgresql'] as const;
export type EngineName = (typeof engineNames)[number];

/** The databases of one engine that the contenders work on. */
export interface Store {
  /** Name and version of the engine. */
  readonly version: string;
  /** Creates the template `template` and fills it through a build of the package. */
  fill(template: string, build: Build, size: DatabaseSize): Promise<void>;
  /** Copies a template for one contender and returns the location of the copy. */
  copy(template: string, contender: string): Promise<string>;
  /** Returns a digest of the rows that were written to a copy; reads them without any contender's code. */
  digestOf(location: string): Promise<string>;
  close(): Promise<void>;
}

/** Options of opening a store. */
export interface StoreOptions {
  /** Folder for database files; the caller removes it. */
  readonly folder: string;
  /** True when SQLite gets the planner statistics of ANALYZE. */
  readonly analyze: boolean;
}

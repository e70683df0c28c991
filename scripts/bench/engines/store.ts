import type { Build } from '../builds';
import type { DatabaseSize } from '../data';

export const engineNames = ['sqlite', 'postgresql'] as const;
export type EngineName = (typeof engineNames)[number];

/** Store with the databases of one engine that the contenders work on. */
export interface Store {
  /** Name and version of the database engine. */
  readonly version: string;
  /** Creates the template database `template`, and fills it through a build of this package. */
  fill(template: string, build: Build, size: DatabaseSize): Promise<void>;
  /** Copies a template database for one contender, and returns the location of the copy. */
  copy(template: string, contender: string): Promise<string>;
  /**
   * Returns a digest of the rows that a contender has written to a copy. Reads them without the code of any contender.
   */
  digestOf(location: string): Promise<string>;
  close(): Promise<void>;
}

/** Options for opening a store of databases. */
export interface StoreOptions {
  /** Folder for database files; the caller removes it. */
  readonly folder: string;
  /** True when SQLite gets the planner statistics of ANALYZE. */
  readonly analyze: boolean;
}

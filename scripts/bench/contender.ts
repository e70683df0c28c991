import type { AgentRecord, Certificate, Facet, ResolveResult, SecurityEvent, SecuritySeverity } from '../../src';
import type { BenchAgent, BenchEvent } from './data';

/** Contenders that are builds of this package, in the order of the tables. */
export const buildNames = ['package', 'old', 'control'] as const;
export type BuildName = (typeof buildNames)[number];

export const contenderNames = ['raw', ...buildNames, 'prisma', 'drizzle', 'kysely', 'typeorm'] as const;
export type ContenderName = (typeof contenderNames)[number];

export function isBuild(name: ContenderName): name is BuildName {
  return buildNames.some((buildName) => buildName === name);
}

/** Contenders that implement {@link DirectoryReads} and {@link DirectoryWrites}. */
export const directoryNames: readonly ContenderName[] = ['raw', ...buildNames];

type Result<T> = T | Promise<T>;

/** Request to resolve the name of an agent, with every kind of condition. */
export interface BenchRequest {
  readonly name: string;
  readonly owner: string;
  /** Major version. The highest release with this major version is requested. */
  readonly major: number;
  readonly protocol: string;
  readonly capability: string;
}

/**
 * Reads that only a name service offers. No object-relational mapper offers them, so they are compared only with SQL.
 */
export interface DirectoryReads {
  resolve(request: BenchRequest): Result<ResolveResult>;
  /**
   * Counts the agents that have a capability, as one snapshot: by owner (the 10 most frequent ones), by protocol, and by
   * the region in their metadata.
   */
  facets(capability: string): Result<readonly Facet[]>;
}

/** Writes that are compared only with SQL. */
export interface DirectoryWrites {
  /** Replaces all fields of several existing agents, of all agents or of none. */
  updateAgents(agents: readonly BenchAgent[]): Result<void>;
}

/** Implementation of the directory's operations. Every contender returns the same types of records as this package. */
export interface Contender extends Partial<DirectoryReads & DirectoryWrites> {
  getAgent(id: string): Result<AgentRecord | null>;
  /**
   * Returns the agents whose name contains `name` and that have at least one of the capabilities, most recently changed
   * first.
   */
  searchAgents(name: string, capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  /** Returns the agents that have all of the capabilities, most recently changed first. */
  agentsWithAll(capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  agentsByFingerprint(fingerprint: string): Result<AgentRecord[]>;
  /** Returns the agents of an owner, most recently changed first. */
  agentsOfOwner(owner: string, limit: number): Result<AgentRecord[]>;
  /** Returns the agents after the first `offset` agents, most recently changed first. */
  agentsAtOffset(offset: number, limit: number): Result<AgentRecord[]>;
  /**
   * Returns the first page of agents, or the page after the one that the previous call returned. The most recently
   * changed agent is first.
   */
  nextPage(isFirst: boolean, size: number): Result<AgentRecord[]>;
  createAgent(agent: BenchAgent): Result<string>;
  /** Creates all given agents, or none of them after a failure. */
  createAgents(agents: readonly BenchAgent[]): Result<void>;
  /** Replaces all fields of an agent. Returns false when the agent does not exist. */
  updateAgent(agent: BenchAgent): Result<boolean>;
  recordEvent(event: BenchEvent): Result<string>;
  /** Creates the agents one after the other, and records the event, all in one transaction. */
  transact(agents: readonly BenchAgent[], event: BenchEvent): Result<void>;
  /** Returns the events between two times that have one of the severities, newest first. */
  queryEvents(from: Date, to: Date, severities: readonly SecuritySeverity[], limit: number): Result<SecurityEvent[]>;
  getCertificateByFingerprint(fingerprint: string): Result<Certificate | null>;
  close(): Result<void>;
}

/** Function that a contender's module exports as `open`. `location` is a path on SQLite, and a URL on PostgreSQL. */
export type Open = (location: string) => Contender | Promise<Contender>;

/** Names of the methods of a {@link Contender} that write. */
type WriteName = 'createAgent' | 'createAgents' | 'updateAgent' | 'recordEvent' | 'transact';
export type Writes = Pick<Contender, WriteName>;
export type Reads = Omit<Contender, WriteName | keyof DirectoryReads | keyof DirectoryWrites | 'close'>;

/** Position from which a paginated read continues: after the last agent of the previous page. */
export class Keyset {
  #last: AgentRecord | undefined;

  /** Returns the last agent of the previous page; undefined for the first page. */
  after(isFirst: boolean): AgentRecord | undefined {
    return isFirst ? undefined : this.#last;
  }

  moveTo(page: AgentRecord[]): AgentRecord[] {
    this.#last = page.at(-1);
    return page;
  }
}

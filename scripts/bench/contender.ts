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

/** A request to resolve the name of an agent, with every condition. */
export interface BenchRequest {
  readonly name: string;
  readonly owner: string;
  /** Major version, of which the highest release is wanted. */
  readonly major: number;
  readonly protocol: string;
  readonly capability: string;
}

/** Reads that only a name service has. No object-relational mapper has one, so they are compared with SQL. */
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
  /** Replaces all fields of all of the agents, which exist and are different ones, or of none. */
  updateAgents(agents: readonly BenchAgent[]): Result<void>;
}

/** Implementation of the directory's operations. Every contender returns the records of the package. */
export interface Contender extends Partial<DirectoryReads & DirectoryWrites> {
  getAgent(id: string): Result<AgentRecord | null>;
  /** Returns the agents whose name contains `name` and that have any of the capabilities; newest change first. */
  searchAgents(name: string, capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  /** Returns the agents that have all of the capabilities; newest change first. */
  agentsWithAll(capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  agentsByFingerprint(fingerprint: string): Result<AgentRecord[]>;
  /** Returns the agents of an owner; newest change first. */
  agentsOfOwner(owner: string, limit: number): Result<AgentRecord[]>;
  /** Returns the agents after the first `offset` ones; newest change first. */
  agentsAtOffset(offset: number, limit: number): Result<AgentRecord[]>;
  /** Returns the first page, or the page after the one that the previous call returned; newest change first. */
  nextPage(isFirst: boolean, size: number): Result<AgentRecord[]>;
  createAgent(agent: BenchAgent): Result<string>;
  /** Creates all of the agents or none. */
  createAgents(agents: readonly BenchAgent[]): Result<void>;
  /** Replaces all fields of an agent. Returns false when the agent does not exist. */
  updateAgent(agent: BenchAgent): Result<boolean>;
  recordEvent(event: BenchEvent): Result<string>;
  /** Creates the agents one after the other and records the event, in one transaction. */
  transact(agents: readonly BenchAgent[], event: BenchEvent): Result<void>;
  /** Returns the events in a range of time that have one of the severities; newest first. */
  queryEvents(from: Date, to: Date, severities: readonly SecuritySeverity[], limit: number): Result<SecurityEvent[]>;
  getCertificateByFingerprint(fingerprint: string): Result<Certificate | null>;
  close(): Result<void>;
}

/** Function that a contender's module exports as `open`; `location` is a path on SQLite, a URL on PostgreSQL. */
export type Open = (location: string) => Contender | Promise<Contender>;

/** The methods of a {@link Contender} that write. */
type WriteName = 'createAgent' | 'createAgents' | 'updateAgent' | 'recordEvent' | 'transact';
export type Writes = Pick<Contender, WriteName>;
export type Reads = Omit<Contender, WriteName | keyof DirectoryReads | keyof DirectoryWrites | 'close'>;

/** Position of a paginated read: after the last agent of the previous page. */
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

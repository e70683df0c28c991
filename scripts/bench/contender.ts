import type { AgentRecord, Certificate, SecurityEvent, SecuritySeverity } from '../../src';
import type { BenchAgent, BenchEvent } from './data';

export const contenderNames = ['raw', 'package', 'prisma', 'drizzle', 'kysely', 'typeorm'] as const;
export type ContenderName = (typeof contenderNames)[number];

type Result<T> = T | Promise<T>;

/** Implementation of the directory's operations. Every contender returns the records of the package. */
export interface Contender {
  getAgent(id: string): Result<AgentRecord | null>;
  /** By a part of the name and any of the capabilities, newest change first. */
  searchAgents(name: string, capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  /** By all of the capabilities, newest change first. */
  ableAgents(capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  agentsByFingerprint(fingerprint: string): Result<AgentRecord[]>;
  /** Newest change first. */
  agentsOfOwner(owner: string, limit: number): Result<AgentRecord[]>;
  /** Newest change first, without the first `offset`. */
  agentsFrom(offset: number, limit: number): Result<AgentRecord[]>;
  /** Newest change first: the first page, or the one after the page that was given last. */
  pageOfAgents(isFirst: boolean, size: number): Result<AgentRecord[]>;
  createAgent(agent: BenchAgent): Result<string>;
  /** All of them or none. */
  createAgents(agents: readonly BenchAgent[]): Result<void>;
  /** Replaces all of an agent but its time of creation. */
  updateAgent(agent: BenchAgent): Result<boolean>;
  recordEvent(event: BenchEvent): Result<string>;
  /** Newest first. */
  queryEvents(from: Date, to: Date, severities: readonly SecuritySeverity[], limit: number): Result<SecurityEvent[]>;
  getCertificateByFingerprint(fingerprint: string): Result<Certificate | null>;
  close(): Result<void>;
}

/** Function that a contender's module exports as `open`; `location` is a path on SQLite, a URL on PostgreSQL. */
export type Open = (location: string) => Contender | Promise<Contender>;

/** The methods of a {@link Contender} that write. */
type WriteName = 'createAgent' | 'createAgents' | 'updateAgent' | 'recordEvent';
export type Writes = Pick<Contender, WriteName>;
export type Reads = Omit<Contender, WriteName | 'close'>;

/** Position of a paginated read: after the last agent that was read. */
export class Keyset {
  #last: AgentRecord | undefined;

  /** The last agent of the page before; undefined where there is none. */
  after(isFirst: boolean): AgentRecord | undefined {
    return isFirst ? undefined : this.#last;
  }

  moveTo(page: AgentRecord[]): AgentRecord[] {
    this.#last = page.at(-1);
    return page;
  }
}

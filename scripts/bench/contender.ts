import type { AgentRecord, Certificate, SecurityEvent, SecuritySeverity } from '../../src';
import type { BenchAgent, BenchEvent } from './data';

export const contenderNames = ['raw', 'package', 'prisma'] as const;
export type ContenderName = (typeof contenderNames)[number];

type Result<T> = T | Promise<T>;

/** A way to do the work of the directory. What it reads comes as the package's records, whoever reads it. */
export interface Contender {
  getAgent(id: string): Result<AgentRecord | null>;
  /** By a part of the name and any of the capabilities, newest change first. */
  searchAgents(name: string, capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  /** By all of the capabilities, newest change first. */
  ableAgents(capabilities: readonly string[], limit: number): Result<AgentRecord[]>;
  agentsByFingerprint(fingerprint: string): Result<AgentRecord[]>;
  /** Newest change first. */
  agentsOfOwner(owner: string, limit: number): Result<AgentRecord[]>;
  createAgent(agent: BenchAgent): Result<string>;
  /** Replaces all of an agent but its time of creation. */
  updateAgent(agent: BenchAgent): Result<boolean>;
  recordEvent(event: BenchEvent): Result<string>;
  /** Newest first. */
  queryEvents(from: Date, to: Date, severities: readonly SecuritySeverity[], limit: number): Result<SecurityEvent[]>;
  getCertificateByFingerprint(fingerprint: string): Result<Certificate | null>;
  close(): Result<void>;
}

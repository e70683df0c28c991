import type { ChangeOptions, AgentStatus } from './types';

/** Deprecation of an agent: why it should no longer be used, and what to use instead. */
export interface Deprecation {
  /** Reason for the deprecation, as the caller gave it. */
  reason?: string;
  /** Id of the agent to use instead. Absent when none was given, and after that agent was deleted. */
  successorId?: string;
  /** Time of the last call of `deprecate` for the agent. */
  at: Date;
}

/** Options of `deprecate`. */
export interface DeprecateOptions extends ChangeOptions {
  /**
   * Reason for the deprecation, for people who use the agent.
   *
   * @defaultValue none
   */
  reason?: string | undefined;
  /**
   * Id of the agent to use instead. It must be an existing agent; its name, owner and status do not matter.
   *
   * @defaultValue none
   */
  successorId?: string | undefined;
}

/** Request of `versions`: selects all agents that have a given name. */
export interface VersionsRequest {
  /** Exact name of the agents, case-sensitive. */
  name: string;
  /**
   * Owner of the agents.
   *
   * @defaultValue every owner
   */
  owner?: string | undefined;
}

/** Version of an agent, as the method `versions` returns it. */
export interface AgentVersion {
  id: string;
  owner: string;
  version: string;
  status: AgentStatus;
  createdAt: Date;
  deprecation?: Deprecation;
}

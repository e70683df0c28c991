import type { DatabaseError } from '../errors/database-error';
import type { Metadata } from '../metadata/types';

/*
 * Glossary.
 * Agent: a program registered under a name, which others find by resolution.
 * Endpoint: a network address of an agent, with the result of the last health check.
 * Capability: the name of something that agents can do.
 * Metadata: free data by key, each value any JSON value.
 * Resolution: finding agents by a query.
 */

/** The states of an agent's registration. REVOKED is terminal. */
export const AgentStatus = {
  ACTIVE: 'ACTIVE',
  SUSPENDED: 'SUSPENDED',
  DEPRECATED: 'DEPRECATED',
  REVOKED: 'REVOKED',
  EXPIRED: 'EXPIRED',
} as const;
export type AgentStatus = (typeof AgentStatus)[keyof typeof AgentStatus];

/** Results of a health check. */
export const HealthStatus = {
  HEALTHY: 'HEALTHY',
  DEGRADED: 'DEGRADED',
  UNHEALTHY: 'UNHEALTHY',
  UNKNOWN: 'UNKNOWN',
} as const;
export type HealthStatus = (typeof HealthStatus)[keyof typeof HealthStatus];

/** Result and time of the last health check of an endpoint. */
export interface EndpointHealth {
  status: HealthStatus;
  lastChecked: Date;
  message?: string;
}

/** Network address of an agent. */
export interface Endpoint {
  /** Unique within its agent; two agents may both have `main`. */
  id: string;
  /** Such as `https` or `wss`. */
  protocol: string;
  /** URI, host name or IP address, as the agent gives it. */
  address: string;
  /** 1 to 65535. */
  port: number;
  health: EndpointHealth;
  metadata?: Metadata;
}

/** Agent with its endpoints, capabilities and metadata, as reads return it. */
export interface AgentRecord {
  id: string;
  name: string;
  /** PEM. */
  publicKey: string;
  certificateId: string;
  /** In the order in which they were given. */
  endpoints: Endpoint[];
  /** One of `endpoints`. */
  defaultEndpoint?: Endpoint;
  /** Without duplicates, by code point. */
  capabilities: string[];
  version: string;
  description?: string;
  metadata: Metadata;
  createdAt: Date;
  updatedAt: Date;
  /** Passing this time does not change `status` by itself. */
  expiresAt: Date;
  status: AgentStatus;
  owner: string;
}

/** Result of a health check, as the caller passes it. */
export interface EndpointHealthInput {
  status: HealthStatus;
  /** @defaultValue now */
  lastChecked?: Date | undefined;
  message?: string | undefined;
}

/** Endpoint of an agent, as the caller passes it. */
export interface EndpointInput {
  /** @defaultValue a UUIDv7 */
  id?: string | undefined;
  protocol: string;
  address: string;
  /** 1 to 65535. */
  port: number;
  /** @defaultValue UNKNOWN, last checked now */
  health?: EndpointHealthInput | undefined;
  metadata?: Metadata | undefined;
}

/** One of the agent's endpoints: the endpoint itself, an object with its id, or the id. */
export type EndpointReference = string | { readonly id: string };

/** Agent to register. */
export interface AgentInput {
  /** @defaultValue a UUIDv7 */
  id?: string | undefined;
  name: string;
  publicKey: string;
  /** A certificate that exists. */
  certificateId: string;
  /** @defaultValue none */
  endpoints?: readonly EndpointInput[] | undefined;
  /**
   * One of `endpoints`.
   *
   * @defaultValue none
   */
  defaultEndpoint?: EndpointReference | undefined;
  /**
   * Duplicates do no harm.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
  version: string;
  description?: string | undefined;
  /** @defaultValue empty */
  metadata?: Metadata | undefined;
  /** @defaultValue now */
  createdAt?: Date | undefined;
  /**
   * Must be before year 9999.
   *
   * @defaultValue now
   */
  updatedAt?: Date | undefined;
  /** @defaultValue now plus `defaultAgentLifetimeMs` */
  expiresAt?: Date | undefined;
  /** @defaultValue ACTIVE */
  status?: AgentStatus | undefined;
  owner: string;
}

/**
 * Scope in which an agent holds its name and version, from its registration until it is deleted or gets another name,
 * version or owner. `none`: it holds nothing. The others: its name and version among the agents of its owner, or among
 * all agents. While an agent holds a name and version, no other agent can be registered with them or change to them:
 * the call fails with ALREADY_EXISTS. This is independent of the status of the holder and of the scope of the other
 * agent. An agent cannot hold a name and version that another agent already has. Agents that hold nothing may share
 * names. Names and versions are compared by code point.
 */
export const Uniqueness = {
  NONE: 'none',
  OWNER_NAME_VERSION: 'owner-name-version',
  NAME_VERSION: 'name-version',
} as const;
export type Uniqueness = (typeof Uniqueness)[keyof typeof Uniqueness];

/** Option to attach an agent to a certificate that is REVOKED. */
export interface RevokedCertificateOptions {
  /**
   * True to accept a REVOKED certificate; otherwise the call fails with INVALID_TRANSITION.
   *
   * @defaultValue false
   */
  allowRevokedCertificate?: boolean | undefined;
}

/** Options of registering an agent. */
export interface CreateOptions extends RevokedCertificateOptions {
  /**
   * Scope in which no other agent may have the name and version.
   *
   * @defaultValue `none`
   */
  unique?: Uniqueness | undefined;
}

/** Options of registering many agents. */
export interface CreateManyOptions extends CreateOptions {
  /**
   * Handling of a refused agent. `abort` throws the first error, and registers nothing. `collect` registers the other
   * agents, in one transaction for each 500 agents.
   *
   * @defaultValue `abort`
   */
  onError?: 'abort' | 'collect' | undefined;
  /** Called with the number of processed agents, and with the number of all agents. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Result for one of many records. */
export type CreateResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly id?: string; readonly error: DatabaseError };

/** Condition of a change of an agent. */
export interface ChangeOptions {
  /**
   * Required `updatedAt` of the stored agent: the call fails with CONFLICT when it differs. Every change moves
   * `updatedAt` forward by at least one millisecond, except `setEndpointHealth`.
   *
   * @defaultValue no condition
   */
  ifUpdatedAt?: Date | undefined;
}

/** Options of updating an agent. Only a `certificateId` that differs from the stored one is checked for REVOKED. */
export interface UpdateOptions extends ChangeOptions, RevokedCertificateOptions {}

/**
 * Change of an agent: `undefined` keeps a field, `null` clears an optional field; `endpoints`, `capabilities` and
 * `metadata` replace the whole collection. You may pass a record that was read, with your changes: its `updatedAt` is
 * ignored. The new one comes from the clock and is always later than the previous one.
 */
export type AgentUpdate = { id: string } & {
  [Field in Exclude<keyof AgentInput, 'id' | 'description' | 'defaultEndpoint'>]?: AgentInput[Field] | undefined;
} & {
  description?: string | null | undefined;
  /** One of the given endpoints; of the stored endpoints when none are given. */
  defaultEndpoint?: EndpointReference | null | undefined;
};

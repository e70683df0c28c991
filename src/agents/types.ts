import type { Metadata } from '../metadata/types';
import type { BatchOptions } from '../options/batch-options';
import type { Deprecation } from './version-types';

/*
 * Glossary.
 * Agent: a program registered under a name, which others find by resolution.
 * Endpoint: a network address of an agent, with the result of the last health check.
 * Capability: the name of something that an agent can do.
 * Metadata: JSON values, each under a key that the application chooses.
 * Resolution: finding agents by a query.
 */

/** States of an agent's registration. REVOKED is permanent. */
export const AgentStatus = {
  ACTIVE: 'ACTIVE',
  SUSPENDED: 'SUSPENDED',
  DEPRECATED: 'DEPRECATED',
  REVOKED: 'REVOKED',
  EXPIRED: 'EXPIRED',
} as const;
export type AgentStatus = (typeof AgentStatus)[keyof typeof AgentStatus];

/** Possible results of a health check. */
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
  /** Id that is unique among the endpoints of the agent. Two agents can both have an endpoint `main`. */
  id: string;
  /** Protocol, such as `https` or `wss`. */
  protocol: string;
  /** URI, host name or IP address, as the caller gave it. */
  address: string;
  /** Port number, from 1 to 65535. */
  port: number;
  health: EndpointHealth;
  metadata?: Metadata;
}

/** Agent with its endpoints, capabilities and metadata, as reads return it. */
export interface AgentRecord {
  id: string;
  name: string;
  /** Public key, in PEM format. */
  publicKey: string;
  certificateId: string;
  /** Endpoints, in the order in which the caller gave them. */
  endpoints: Endpoint[];
  /** Element of `endpoints` to use by default. */
  defaultEndpoint?: Endpoint;
  /** Names of the capabilities, without duplicates, sorted by code point. */
  capabilities: string[];
  version: string;
  description?: string;
  metadata: Metadata;
  createdAt: Date;
  updatedAt: Date;
  /** End of the registration. `status` does not change by itself at this time: call `expireDue`. */
  expiresAt: Date;
  status: AgentStatus;
  owner: string;
  /** Details that `deprecate` has stored. They stay until the status becomes ACTIVE. */
  deprecation?: Deprecation;
}

/** Result of a health check, as the caller passes it. */
export interface EndpointHealthInput {
  status: HealthStatus;
  /** Time of the health check. @defaultValue now */
  lastChecked?: Date | undefined;
  message?: string | undefined;
}

/** Result of a health check of one endpoint, for `recordHealth`. */
export interface EndpointHealthReport extends EndpointHealthInput {
  agentId: string;
  endpointId: string;
}

/** Endpoint of an agent, as the caller passes it. */
export interface EndpointInput {
  /** Id that is unique among the endpoints of the agent. @defaultValue a UUIDv7 */
  id?: string | undefined;
  protocol: string;
  address: string;
  /** Port number, from 1 to 65535. */
  port: number;
  /** Result of the last health check. @defaultValue UNKNOWN, last checked now */
  health?: EndpointHealthInput | undefined;
  metadata?: Metadata | undefined;
}

/**
 * Reference to an endpoint of an agent: the id of the endpoint, or an object with this id, such as the endpoint itself.
 */
export type EndpointReference = string | { readonly id: string };

/** Agent to register. */
export interface AgentInput {
  /** Id of the agent. @defaultValue a UUIDv7 */
  id?: string | undefined;
  name: string;
  publicKey: string;
  /** Id of an existing certificate. */
  certificateId: string;
  /** Endpoints of the agent. @defaultValue none */
  endpoints?: readonly EndpointInput[] | undefined;
  /**
   * Element of `endpoints` to use by default.
   *
   * @defaultValue none
   */
  defaultEndpoint?: EndpointReference | undefined;
  /**
   * Names of the capabilities. Duplicates are removed.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
  version: string;
  description?: string | undefined;
  /** Metadata of the agent. @defaultValue empty */
  metadata?: Metadata | undefined;
  /** Time of the registration. @defaultValue now */
  createdAt?: Date | undefined;
  /**
   * Time of the last change. It must be before year 9999.
   *
   * @defaultValue now
   */
  updatedAt?: Date | undefined;
  /** End of the registration. @defaultValue now plus `defaultAgentLifetimeMs` */
  expiresAt?: Date | undefined;
  /** Status of the registration. @defaultValue ACTIVE */
  status?: AgentStatus | undefined;
  owner: string;
}

/**
 * Scopes in which an agent can hold its name and version exclusively:
 *
 * - `none`: the agent holds nothing. Such agents can share names and versions.
 * - `owner-name-version`: the scope is the agents of the same owner.
 * - `name-version`: the scope is all agents.
 *
 * No other agent of the scope can be registered with a name and version that an agent holds, or change to them. Such a
 * call fails with ALREADY_EXISTS. The status of the agent that holds the name does not matter, and neither does the
 * option `unique` of the other agent. An agent also cannot be registered to hold a name and version that another agent
 * of the scope already has.
 *
 * An agent stops holding its name and version when it is deleted, or gets another name or version. With
 * `owner-name-version`, it also stops when it gets another owner. Names and versions are compared by code point.
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
   * True to accept a REVOKED certificate. Otherwise, a call with such a certificate fails with INVALID_TRANSITION.
   *
   * @defaultValue false
   */
  allowRevokedCertificate?: boolean | undefined;
}

/** Options of `create`. */
export interface CreateOptions extends RevokedCertificateOptions {
  /**
   * Scope in which the name and version must be unique.
   *
   * @defaultValue `none`
   */
  unique?: Uniqueness | undefined;
}

/** Options of `createMany`. */
export interface CreateManyOptions extends CreateOptions, BatchOptions {}

/** Options of a call that changes one agent. */
export interface ChangeOptions {
  /**
   * Required `updatedAt` of the stored agent. The call fails with CONFLICT when the stored value differs. Every change,
   * except by `setEndpointHealth` and `recordHealth`, increases `updatedAt` by at least one millisecond.
   *
   * @defaultValue no condition
   */
  ifUpdatedAt?: Date | undefined;
}

/** Options of `update`. The status of the certificate is checked only when `certificateId` is new. */
export interface UpdateOptions extends ChangeOptions, RevokedCertificateOptions {}

/**
 * Change of an agent. `undefined` keeps a field, and `null` clears an optional field. `endpoints`, `capabilities` and
 * `metadata` replace the whole collection.
 *
 * You can pass a record that you have read, with your changes: its `updatedAt` and its `deprecation` are ignored. The
 * new `updatedAt` comes from the clock, and is always later than the stored one.
 */
export type AgentUpdate = { id: string } & {
  [Field in Exclude<keyof AgentInput, 'id' | 'description' | 'defaultEndpoint'>]?: AgentInput[Field] | undefined;
} & {
  description?: string | null | undefined;
  /** Default endpoint: an element of `endpoints`, or of the stored endpoints when `endpoints` is absent. */
  defaultEndpoint?: EndpointReference | null | undefined;
  /** Ignored, because only `deprecate` sets the deprecation of an agent. */
  deprecation?: Deprecation | undefined;
};

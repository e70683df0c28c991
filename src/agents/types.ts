import type { DatabaseError } from '../errors/database-error';
import type { Metadata } from '../metadata/types';

/*
 * Glossary.
 * Agent: a program registered under a name, which others find by resolution.
 * Endpoint: where an agent can be reached, with what the last health check found there.
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

/** What a health check can find. */
export const HealthStatus = {
  HEALTHY: 'HEALTHY',
  DEGRADED: 'DEGRADED',
  UNHEALTHY: 'UNHEALTHY',
  UNKNOWN: 'UNKNOWN',
} as const;
export type HealthStatus = (typeof HealthStatus)[keyof typeof HealthStatus];

/** What the last health check of an endpoint found, and when. */
export interface EndpointHealth {
  status: HealthStatus;
  lastChecked: Date;
  message?: string;
}

/** Where an agent can be reached. */
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

/** An agent with all that belongs to it, as it is read. */
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

/** What a health check found, as it is given. */
export interface EndpointHealthInput {
  status: HealthStatus;
  /** Default: now. */
  lastChecked?: Date | undefined;
  message?: string | undefined;
}

/** An endpoint as it is given. */
export interface EndpointInput {
  /** Default: a UUIDv7. */
  id?: string | undefined;
  protocol: string;
  address: string;
  /** 1 to 65535. */
  port: number;
  /** Default: UNKNOWN, last checked now. */
  health?: EndpointHealthInput | undefined;
  metadata?: Metadata | undefined;
}

/** One of the agent's endpoints: the endpoint itself, an object with its id, or the id. */
export type EndpointReference = string | { readonly id: string };

/** An agent as it is registered. */
export interface AgentInput {
  /** Default: a UUIDv7. */
  id?: string | undefined;
  name: string;
  publicKey: string;
  /** A certificate that exists. */
  certificateId: string;
  /** Default: none. */
  endpoints?: readonly EndpointInput[] | undefined;
  /** One of `endpoints`. Default: none. */
  defaultEndpoint?: EndpointReference | undefined;
  /** Duplicates do no harm. Default: none. */
  capabilities?: readonly string[] | undefined;
  version: string;
  description?: string | undefined;
  /** Default: empty. */
  metadata?: Metadata | undefined;
  /** Default: now. */
  createdAt?: Date | undefined;
  /** Before year 9999. Default: now. */
  updatedAt?: Date | undefined;
  /** Default: now plus `defaultAgentLifetimeMs`. */
  expiresAt?: Date | undefined;
  /** Default: ACTIVE. */
  status?: AgentStatus | undefined;
  owner: string;
}

/**
 * What an agent holds from its registration until it is deleted or given another name, version or owner: nothing; its name
 * and version among the agents of its owner; its name and version among all. No other agent can be registered with what it
 * holds, or be given it, whatever the status of the holder and whatever the condition of the other: ALREADY_EXISTS. Nor can
 * an agent hold what another one has already. Agents that hold nothing may share names. Names and versions are compared by
 * code point.
 */
export const Uniqueness = {
  NONE: 'none',
  OWNER_NAME_VERSION: 'owner-name-version',
  NAME_VERSION: 'name-version',
} as const;
export type Uniqueness = (typeof Uniqueness)[keyof typeof Uniqueness];

/** Whether an agent may be attached to a certificate that is REVOKED. */
export interface RevokedCertificateOptions {
  /** Whether a REVOKED certificate is accepted; the call fails with INVALID_TRANSITION otherwise. Default: false. */
  allowRevokedCertificate?: boolean | undefined;
}

/** How an agent is registered. */
export interface CreateOptions extends RevokedCertificateOptions {
  /** What the agent holds. Default: `none`. */
  unique?: Uniqueness | undefined;
}

/** How many agents are registered. */
export interface CreateManyOptions extends CreateOptions {
  /**
   * What a refused agent means: `abort` throws the first error, and nothing is registered; `collect` registers the others,
   * in a transaction for each 500 of them. Default: `abort`.
   */
  onError?: 'abort' | 'collect' | undefined;
  /** Told of how many of the agents were dealt with, and of how many they are. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What became of one of many records. */
export type CreateResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly id?: string; readonly error: DatabaseError };

/** On which condition an agent is changed. */
export interface ChangeOptions {
  /**
   * The `updatedAt` that the agent must still have: the call fails with CONFLICT otherwise. Every change moves `updatedAt`
   * forward by at least one millisecond, `setEndpointHealth` excepted. Default: no condition.
   */
  ifUpdatedAt?: Date | undefined;
}

/** How an agent is updated. Only a `certificateId` that differs from the stored one is checked for REVOKED. */
export interface UpdateOptions extends ChangeOptions, RevokedCertificateOptions {}

/**
 * A change of an agent: `undefined` keeps, `null` clears an optional field; `endpoints`, `capabilities` and `metadata`
 * replace the whole collection. A record that was read may be given back with its changes: `updatedAt` is taken from
 * the clock whatever it says, and is later than before in any case.
 */
export type AgentUpdate = { id: string } & {
  [Field in Exclude<keyof AgentInput, 'id' | 'description' | 'defaultEndpoint'>]?: AgentInput[Field] | undefined;
} & {
  description?: string | null | undefined;
  /** One of the endpoints given, or of the agent's own where none are given. */
  defaultEndpoint?: EndpointReference | null | undefined;
};

/** What agents can be ordered by. The seed's column names are accepted too. */
export const agentOrderFields = [
  'id',
  'name',
  'version',
  'owner',
  'status',
  'createdAt',
  'updatedAt',
  'expiresAt',
] as const;
export type AgentOrderField = (typeof agentOrderFields)[number];
export type OrderDirection = 'asc' | 'desc';

/**
 * Which agents to find. Every field that is given has to match; `undefined` means no filter; an empty string or an empty
 * array matches nothing.
 */
export interface ResolutionQuery {
  id?: string | undefined;
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** A literal part of the name, in any case. */
  name?: string | undefined;
  /** The whole name, case-sensitive. */
  exactName?: string | undefined;
  owner?: string | undefined;
  /** Any of these. */
  status?: readonly AgentStatus[] | undefined;
  /** The fingerprint of the agent's certificate, colons and case ignored. */
  fingerprint?: string | undefined;
  /** Any of these, or all of them when `allCapabilities` is true. */
  capabilities?: readonly string[] | undefined;
  allCapabilities?: boolean | undefined;
  /** Some endpoint speaks this; with `health`, one and the same endpoint. */
  protocol?: string | undefined;
  /** Some endpoint is in one of these states. */
  health?: readonly HealthStatus[] | undefined;
  /** Every key given holds exactly this JSON value; the order of the keys of objects does not matter. */
  metadata?: Metadata | undefined;
  /**
   * This very text, or any version within it when it is a semver range such as `^1.2.0`: one of 4096 characters and 200
   * comparators at most.
   */
  version?: string | undefined;
  /** Strictly before. */
  expiresBefore?: Date | undefined;
  /** Strictly after. */
  expiresAfter?: Date | undefined;
  /** False leaves out agents whose status is EXPIRED or whose `expiresAt` has come. Default: true. */
  includeExpired?: boolean | undefined;
  /** Default: updatedAt. Ties are broken by id, ascending. */
  orderBy?: AgentOrderField | 'created_at' | 'updated_at' | 'expires_at' | undefined;
  /** Default: asc, or desc without `orderBy`. Versions that are not semantic come last in both directions. */
  orderDirection?: OrderDirection | undefined;
  /** How many at most; 0 gives none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /** How many to leave out first. Default: 0. */
  offset?: number | undefined;
}

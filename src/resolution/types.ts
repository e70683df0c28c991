import type { AgentRecord, Endpoint } from '../agents/types';
import type { Certificate } from '../certificates/types';

/** Requirements that a `resolve` request can have in addition to a name. */
interface ResolveConditions {
  /**
   * Protocol that the endpoint must have, such as `https`.
   *
   * @defaultValue any protocol; an agent without endpoints is acceptable, too
   */
  protocol?: string | undefined;
  /**
   * True to accept agents with the status DEPRECATED, too. Agents that are not deprecated come first.
   *
   * @defaultValue false
   */
  allowDeprecated?: boolean | undefined;
  /**
   * True to accept endpoints whose health is UNHEALTHY, too. All other endpoints come first.
   *
   * @defaultValue false
   */
  allowUnhealthy?: boolean | undefined;
}

/** Request for an agent by its name. */
export interface ResolveByName extends ResolveConditions {
  /** Exact name, case-sensitive. */
  name: string;
  agentName?: undefined;
  /**
   * Owner of the agent. Without an owner, the outcome is `ambiguous` if usable agents of several owners have the name.
   *
   * @defaultValue any owner, when all usable agents with the name belong to the same one
   */
  owner?: string | undefined;
  /**
   * Version text, or a semver range such as `^1.2.0`. A range matches the versions that npm's `semver.satisfies`
   * accepts with its default options.
   *
   * @defaultValue any version
   */
  version?: string | undefined;
  /**
   * Capabilities that the agent must have. An agent that lacks one of them does not match.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
}

/** Request for an agent by its structured name. */
export interface ResolveByAgentName extends ResolveConditions {
  /**
   * Structured name, as {@link parseAgentName} parses it. The format `ans-v1` sets `name`, `capabilities`, `owner` and
   * `version`. The format `ans-v2` sets `name` (the host) and `version`. The request must not also contain these
   * fields.
   */
  agentName: string;
  name?: undefined;
  /**
   * Owner of the agent. Only for a name of the format `ans-v2`.
   *
   * @defaultValue any owner, when all usable agents with the name belong to the same one
   */
  owner?: string | undefined;
  version?: undefined;
  /**
   * Capabilities that the agent must have. Only for a name of the format `ans-v2`.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
}

/** Request of `resolve`. */
export type ResolveRequest = ResolveByName | ResolveByAgentName;

/**
 * Result of `resolve`. The first outcome that applies is returned:
 *
 * - `not-found`: no usable agent has the name and all capabilities. An agent is usable when its status is ACTIVE (or
 *   DEPRECATED, with `allowDeprecated`) and its registration has not expired. In addition, its certificate must have
 *   the status VALID and be within its validity.
 * - `ambiguous`: the request has no owner, and the usable agents belong to several owners. `owners` lists the owners in
 *   ascending order. The package does not choose an owner: otherwise anybody could take over a name by registering a
 *   higher version.
 * - `no-version`: no usable agent has a version that the request accepts. `versions` lists the versions of the usable
 *   agents.
 * - `no-endpoint`: some agents have an accepted version, but none of them has an endpoint that the request accepts.
 *   `versions` lists the accepted versions.
 * - `resolved`: the best agent with its certificate, and its best endpoint. `endpoint` is absent when the agent has no
 *   endpoints. `ttlSeconds` is the time for which a client may keep the answer: at most 300 seconds, and not beyond the
 *   end of the registration and of the certificate.
 *
 * `versions` has at most 100 versions, the highest first; versions that are not semantic come last.
 */
export type ResolveResult =
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'ambiguous'; readonly owners: readonly string[] }
  | { readonly outcome: 'no-version'; readonly versions: readonly string[] }
  | { readonly outcome: 'no-endpoint'; readonly versions: readonly string[] }
  | {
      readonly outcome: 'resolved';
      readonly agent: AgentRecord;
      readonly certificate: Certificate;
      readonly endpoint?: Endpoint;
      readonly ttlSeconds: number;
    };

/** Parts of a structured agent name such as `mcp://translator.translate.acme.v1.2.0.eu`. */
export interface AnsV1Name {
  readonly format: 'ans-v1';
  readonly protocol: string;
  readonly agent: string;
  readonly capability: string;
  /** Provider of the agent: one or more labels, such as `acme` or `acme.example`. */
  readonly provider: string;
  /** Version without `v`: one to three numbers, such as `2.1`, or a semantic version. */
  readonly version: string;
  /** Labels after the version, such as `hipaa`; absent when the version is the last part of the name. */
  readonly extension?: string;
}

/** Parts of a structured agent name such as `ans://v1.2.3.agent.example.com`. */
export interface AnsV2Name {
  readonly format: 'ans-v2';
  readonly host: string;
  /** Version without `v`: one to three numbers, or a semantic version. */
  readonly version: string;
}

/** Parsed structured name of an agent. */
export type AgentName = AnsV1Name | AnsV2Name;

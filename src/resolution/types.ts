import type { AgentRecord, Endpoint } from '../agents/types';
import type { Certificate } from '../certificates/types';

/** Requirements that do not depend on how the agent is named. */
interface ResolveConditions {
  /**
   * Protocol that the endpoint must have, such as `https`.
   *
   * @defaultValue any protocol; an agent without endpoints is acceptable, too
   */
  protocol?: string | undefined;
  /**
   * True also accepts agents with the status DEPRECATED. Agents that are not deprecated come first.
   *
   * @defaultValue false
   */
  allowDeprecated?: boolean | undefined;
  /**
   * True also accepts endpoints whose health is UNHEALTHY. All other endpoints come first.
   *
   * @defaultValue false
   */
  allowUnhealthy?: boolean | undefined;
}

/** Requirements for an agent whose name is known. */
export interface ResolveByName extends ResolveConditions {
  /** Exact name, case-sensitive. */
  name: string;
  agentName?: undefined;
  /**
   * Owner of the agent. Without it, a name that several owners use is `ambiguous`.
   *
   * @defaultValue any owner, when all usable agents of the name belong to one
   */
  owner?: string | undefined;
  /**
   * Version text, or a semver range such as `^1.2.0`. A range matches the versions that npm's `semver.satisfies`
   * accepts with its defaults.
   *
   * @defaultValue any version
   */
  version?: string | undefined;
  /**
   * Capabilities, all of which the agent must have.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
}

/** Requirements for an agent whose structured agent name is known. */
export interface ResolveByAgentName extends ResolveConditions {
  /**
   * Structured name, which {@link parseAgentName} parses. Of the format `ans-v1`, it sets `name`, `capabilities`, `owner`
   * and `version`; of the format `ans-v2`, `name` (the host) and `version`. The request must not have these fields, too.
   */
  agentName: string;
  name?: undefined;
  /**
   * Owner of the agent, for a name of the format `ans-v2`.
   *
   * @defaultValue any owner, when all usable agents of the name belong to one
   */
  owner?: string | undefined;
  version?: undefined;
  /**
   * Capabilities, all of which the agent must have, for a name of the format `ans-v2`.
   *
   * @defaultValue none
   */
  capabilities?: readonly string[] | undefined;
}

/** Agent that `resolve` is asked for. */
export type ResolveRequest = ResolveByName | ResolveByAgentName;

/**
 * Result of `resolve`. The outcomes are decided in this order:
 *
 * - `not-found`: no usable agent has the name and all capabilities. An agent is usable when its status is ACTIVE (or
 *   DEPRECATED, with `allowDeprecated`), its registration has not expired, and its certificate has the status VALID and is
 *   within its validity.
 * - `ambiguous`: the request has no owner, and usable agents belong to several owners, which `owners` lists in
 *   ascending order. To choose one of them would let anybody take over a name by registering a higher version.
 * - `no-version`: no usable agent has a version that the request accepts. `versions` lists the versions of the usable
 *   agents.
 * - `no-endpoint`: no agent of these versions has an endpoint that the request accepts. `versions` lists the versions that
 *   the request accepts.
 * - `resolved`: the best agent with its certificate, and its best endpoint. `endpoint` is absent when the agent has no
 *   endpoints. `ttlSeconds` says how long the answer may be kept: at most 300 seconds, and not beyond the end of the
 *   registration and of the certificate.
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

/** Parts of a name such as `mcp://translator.translate.acme.v1.2.0.eu`. */
export interface AnsV1Name {
  readonly format: 'ans-v1';
  readonly protocol: string;
  readonly agent: string;
  readonly capability: string;
  /** One or more labels, such as `acme` or `acme.example`. */
  readonly provider: string;
  /** Version without `v`: one to three numbers, such as `2.1`, or a semantic version. */
  readonly version: string;
  /** Labels after the version, such as `hipaa`; absent when there are none. */
  readonly extension?: string;
}

/** Parts of a name such as `ans://v1.2.3.agent.example.com`. */
export interface AnsV2Name {
  readonly format: 'ans-v2';
  readonly host: string;
  /** Version without `v`: one to three numbers, or a semantic version. */
  readonly version: string;
}

/** Parsed structured name of an agent. */
export type AgentName = AnsV1Name | AnsV2Name;

import { toVersionRanges, type VersionRange } from '../agents/query/version-range';
import { failuresAt, invalidInput } from '../errors/failure';
import { checkArray, checkBoolean, checkObject, ifDefined } from '../validation/checks';
import type { Validator } from '../validation/validator';
import { parse } from './agent-name';

/** Validated request of `resolve`. */
export interface ResolveTarget {
  readonly name: string;
  readonly owner: string | undefined;
  /** Requested version or semver range; undefined for any version. */
  readonly version: string | undefined;
  /**
   * Ranges of version keys that are equivalent to the semver range in `version`. Empty when `version` is not a semver
   * range.
   */
  readonly ranges: readonly VersionRange[];
  readonly protocol: string | undefined;
  /** Required capabilities, without duplicates. */
  readonly capabilities: readonly string[];
  readonly allowsDeprecated: boolean;
  readonly allowsUnhealthy: boolean;
}

/** Maximum number of requests in one `resolve` call. */
const maxRequests = 1000;

const names = new Set([
  ...(['name', 'agentName', 'owner', 'version', 'protocol', 'capabilities'] as const),
  ...(['allowDeprecated', 'allowUnhealthy'] as const),
]);

/**
 * Parses one request of `resolve`.
 *
 * @throws INVALID_INPUT when the request is invalid
 */
export function parseResolveRequest(input: unknown, checks: Validator): ResolveTarget {
  const given = checkObject(input, 'request', names);
  const named = given.agentName === undefined ? given : withAgentName(given, given.agentName);
  const name = checks.id(named.name, 'name');
  const owner = ifDefined(checks.owner(named.owner, 'owner'), 'owner', checks.id);
  const version = ifDefined(named.version, 'version', checks.id);
  const protocol = ifDefined(given.protocol, 'protocol', checks.id);
  const capabilities = named.capabilities === undefined ? [] : parseCapabilities(named.capabilities, checks);
  const allowsDeprecated = ifDefined(given.allowDeprecated, 'allowDeprecated', checkBoolean) ?? false;
  const allowsUnhealthy = ifDefined(given.allowUnhealthy, 'allowUnhealthy', checkBoolean) ?? false;
  const ranges = version === undefined ? [] : (toVersionRanges(version) ?? []);
  return { name, owner, version, ranges, protocol, capabilities, allowsDeprecated, allowsUnhealthy };
}

/**
 * Parses the requests of one `resolve` call.
 *
 * @throws INVALID_INPUT when a request is invalid; the message names the request
 */
export function parseResolveRequests(input: unknown, checks: Validator): ResolveTarget[] {
  return checkArray(
    input,
    'requests',
    (request, path) => failuresAt(path, () => parseResolveRequest(request, checks)),
    maxRequests,
  );
}

type NamedFields = Readonly<Partial<Record<'name' | 'owner' | 'version' | 'capabilities', unknown>>>;

function withAgentName(given: NamedFields, agentName: unknown): NamedFields {
  const parsed = parse(agentName);
  const fields: NamedFields =
    parsed.format === 'ans-v1'
      ? { name: parsed.agent, owner: parsed.provider, version: parsed.version, capabilities: [parsed.capability] }
      : { name: parsed.host, version: parsed.version };
  const repeated = Object.keys(fields).find((field) => Object.hasOwn(given, field));
  if (repeated !== undefined) throw invalidInput(repeated, 'must be absent, because agentName contains it');
  return { ...given, ...fields };
}

function parseCapabilities(value: unknown, checks: Validator): string[] {
  const capabilities = new Set(checks.list(value, 'capabilities', checks.id));
  if (capabilities.size === 0) throw invalidInput('capabilities', 'must not be empty');
  return [...capabilities];
}

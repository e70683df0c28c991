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
  const { agentName, protocol, allowDeprecated, allowUnhealthy, ...given } = checkObject(input, 'request', names);
  const { name, owner, version, capabilities } = agentName === undefined ? given : withAgentName(given, agentName);
  const target = {
    name: checks.id(name, 'name'),
    owner: ifDefined(checks.owner(owner, 'owner'), 'owner', checks.id),
    version: ifDefined(version, 'version', checks.id),
    protocol: ifDefined(protocol, 'protocol', checks.id),
    capabilities:
      ifDefined(capabilities, 'capabilities', (list, field) => parseCapabilities(list, field, checks)) ?? [],
    allowsDeprecated: ifDefined(allowDeprecated, 'allowDeprecated', checkBoolean) ?? false,
    allowsUnhealthy: ifDefined(allowUnhealthy, 'allowUnhealthy', checkBoolean) ?? false,
  };
  return { ...target, ranges: target.version === undefined ? [] : (toVersionRanges(target.version) ?? []) };
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

function parseCapabilities(value: unknown, field: string, checks: Validator): string[] {
  const capabilities = new Set(checks.list(value, field, checks.id));
  if (capabilities.size === 0) throw invalidInput(field, 'must not be empty');
  return [...capabilities];
}

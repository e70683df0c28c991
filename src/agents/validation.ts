import type { ServiceSettings } from '../options/service-settings';
import type { RegistrationRules } from './options';
import { maxTimeMs } from '../sql/time-range';
import { v7 as uuidv7 } from 'uuid';
import { checkArray, checkNonEmptyText, checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import { invalidInput, type Failure } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { guardedRead } from '../validation/guarded-read';
import { toMetadataRows } from '../metadata/metadata-rows';
import { foldCase } from '../validation/fold-case';
import type { AgentChange, AgentCollections, AgentColumns, EndpointRow, NewAgentRow } from './new-row';
import { checkDeprecation, notDeprecated, type DeprecationColumns } from './deprecation';
import { parseEndpoints } from './endpoint-validation';
import { AgentStatus, type Uniqueness } from './types';
import { toNameKeys, toUniqueKey } from './unique-key';
import { toVersionKey } from './version-key';

/** Settings of a call, with the defaults for fields that an agent omits. */
export interface AgentDefaults {
  readonly nowMs: number;
  readonly lifetimeMs: number;
  readonly uniqueness: Uniqueness;
  /** True when the call accepts a certificate that is REVOKED. */
  readonly allowsRevoked: boolean;
  readonly checks: Validator;
}

/**
 * Returns the settings for a call with the given options.
 *
 * @throws INVALID_INPUT when a call that is limited to one owner requires names that are unique among all owners: the
 * error for a taken name would reveal an agent of another owner
 */
export function agentDefaults(
  { now, defaultAgentLifetimeMs, checks }: ServiceSettings,
  { uniqueness, allowsRevoked }: RegistrationRules,
): AgentDefaults {
  if (checks.scopeOwner !== undefined && uniqueness === 'name-version') {
    throw invalidInput('options.unique', 'must not be name-version in the scope of an owner: use owner-name-version');
  }
  return { nowMs: now(), lifetimeMs: defaultAgentLifetimeMs, uniqueness, allowsRevoked, checks };
}

/** Names of the fields that a new agent can have. */
export const agentFields = new Set([
  'id',
  'name',
  'publicKey',
  'certificateId',
  'endpoints',
  'defaultEndpoint',
  'capabilities',
  'version',
  'description',
  'metadata',
  'createdAt',
  'updatedAt',
  'expiresAt',
  'status',
  'owner',
  'deprecation',
] as const);

/**
 * Parses a new agent, and adds the defaults.
 *
 * @throws INVALID_INPUT when a field is missing, unknown or invalid
 */
export function parseNewAgent(input: unknown, { nowMs, lifetimeMs, uniqueness, checks }: AgentDefaults): NewAgentRow {
  const agent = checkObject(input, 'agent', agentFields);
  if (agent.deprecation !== undefined) {
    throw invalidInput('deprecation', 'must be absent: call agents.deprecate after the registration');
  }
  const collections: AgentCollections = {
    endpoints: ifDefined(agent.endpoints, 'endpoints', (value) => parseEndpoints(value, nowMs, checks)) ?? [],
    capabilities: ifDefined(agent.capabilities, 'capabilities', parseCapabilities(checks)) ?? [],
    metadata: ifDefined(agent.metadata, 'metadata', (value, field) => toMetadataRows(value, field, checks)) ?? [],
  };
  const columns: AgentColumns = {
    id: ifDefined(agent.id, 'id', checks.id) ?? uuidv7(),
    ...nameColumns(agent.name, checks),
    publicKey: checks.nonEmptyText(agent.publicKey, 'publicKey'),
    certificateId: checks.id(agent.certificateId, 'certificateId'),
    defaultEndpointId: ifDefined(agent.defaultEndpoint, 'defaultEndpoint', checkEndpointReference) ?? null,
    ...versionColumns(agent.version, checks),
    description: ifDefined(agent.description, 'description', checks.text) ?? null,
    createdAt: ifDefined(agent.createdAt, 'createdAt', checkTime) ?? nowMs,
    updatedAt: ifDefined(agent.updatedAt, 'updatedAt', checkUpdateTime) ?? nowMs,
    expiresAt: ifDefined(agent.expiresAt, 'expiresAt', checkTime) ?? Math.min(nowMs + lifetimeMs, maxTimeMs),
    status: ifDefined(agent.status, 'status', (value, field) => checkOneOf(value, AgentStatus, field)) ?? 'ACTIVE',
    owner: checks.id(checks.owner(agent.owner, 'owner'), 'owner'),
    uniqueKey: null,
    ...notDeprecated,
  };
  checkDefaultEndpoint(columns.defaultEndpointId, collections.endpoints);
  const nameKeys = toNameKeys(columns);
  return {
    columns: { ...columns, uniqueKey: toUniqueKey(nameKeys, uniqueness) },
    nameKeys,
    collections,
    scopeOwner: checks.scopeOwner,
  };
}

/**
 * Returns the fields of a patch, which is a change without an id. Does not check the values.
 *
 * @throws INVALID_INPUT when a field is unknown, or is the id
 */
export function checkPatch(input: unknown): object {
  const patch = checkObject(input, 'patch', agentFields);
  if (patch.id !== undefined) throw invalidInput('patch.id', 'must not be given: the query selects the agents');
  return patch;
}

/**
 * Parses a change of an agent. A change may have a default endpoint but no endpoints. Then `loadForUpdate` checks later
 * that the default endpoint is one of the stored endpoints.
 *
 * @throws INVALID_INPUT when a field is unknown or invalid
 */
export function parseAgentUpdate(input: unknown, nowMs: number, checks: Validator): AgentChange {
  const agent = checkObject(input, 'agent', agentFields);
  const collections = withoutUndefined({
    endpoints: ifDefined(agent.endpoints, 'endpoints', (value) => parseEndpoints(value, nowMs, checks)),
    capabilities: ifDefined(agent.capabilities, 'capabilities', parseCapabilities(checks)),
    metadata: ifDefined(agent.metadata, 'metadata', (value, field) => toMetadataRows(value, field, checks)),
  });
  ifDefined(agent.updatedAt, 'updatedAt', checkTime);
  ifDefined(agent.deprecation, 'deprecation', (value, path) => {
    checkDeprecation(value, path, checks);
  });
  const columns = withoutUndefined({
    ...(agent.name === undefined ? {} : nameColumns(agent.name, checks)),
    publicKey: ifDefined(agent.publicKey, 'publicKey', checks.nonEmptyText),
    certificateId: ifDefined(agent.certificateId, 'certificateId', checks.id),
    defaultEndpointId: clearable(agent.defaultEndpoint, 'defaultEndpoint', checkEndpointReference),
    ...(agent.version === undefined ? {} : versionColumns(agent.version, checks)),
    description: clearable(agent.description, 'description', checks.text),
    createdAt: ifDefined(agent.createdAt, 'createdAt', checkTime),
    expiresAt: ifDefined(agent.expiresAt, 'expiresAt', checkTime),
    ...statusColumns(agent.status),
    owner: ifDefined(agent.owner, 'owner', (value, field) => checks.id(checks.owner(value, field), field)),
  });
  if (collections.endpoints !== undefined) checkDefaultEndpoint(columns.defaultEndpointId, collections.endpoints);
  return {
    id: checks.id(agent.id, 'id'),
    columns: { ...columns, updatedAt: nowMs },
    collections,
    scopeOwner: checks.scopeOwner,
  };
}

/**
 * End (exclusive) of the accepted times for `updatedAt` of a new agent, in milliseconds since 1970. Each later change
 * increases `updatedAt`, so year 9999 is reserved for these changes.
 */
const updateTimesEndMs = Date.UTC(9999, 0, 1);

function checkUpdateTime(value: unknown, field: string): number {
  const ms = checkTime(value, field);
  if (ms >= updateTimesEndMs) throw invalidInput(field, 'must be before year 9999');
  return ms;
}

function nameColumns(value: unknown, checks: Validator): Pick<AgentColumns, 'name' | 'nameFolded'> {
  const name = checks.id(value, 'name');
  return { name, nameFolded: foldCase(name) };
}

function versionColumns(value: unknown, checks: Validator): Pick<AgentColumns, 'version' | 'versionKey'> {
  const version = checks.id(value, 'version');
  return { version, versionKey: toVersionKey(version) };
}

// Returns the columns that a new status sets. An agent that becomes ACTIVE loses its deprecation.
function statusColumns(value: unknown): Partial<Pick<AgentColumns, 'status' | keyof DeprecationColumns>> {
  if (value === undefined) return {};
  const status = checkOneOf(value, AgentStatus, 'status');
  return status === 'ACTIVE' ? { status, ...notDeprecated } : { status };
}

function parseCapabilities(checks: Validator): (value: unknown, field: string) => string[] {
  return (value, field) => {
    const names = new Set(checkArray(value, field, checks.id, checks.limits.capabilities));
    checks.recordLength([[...names]], field);
    // Sorts the names. Two transactions that insert the same names in different orders could cause a deadlock.
    return [...names].sort();
  };
}

function checkEndpointReference(value: unknown, field: string): string {
  if (typeof value === 'string') return checkNonEmptyText(value, field);
  const id = guardedRead(field, () => {
    if (typeof value === 'object' && value !== null && 'id' in value) return value.id;
    throw invalidInput(field, 'must be an endpoint or an endpoint id');
  });
  return checkNonEmptyText(id, `${field}.id`);
}

function checkDefaultEndpoint(id: string | null | undefined, endpoints: readonly EndpointRow[]): void {
  if (typeof id === 'string' && !endpoints.some(([endpointId]) => endpointId === id)) throw unknownDefaultEndpoint();
}

/** Creates the failure for a default endpoint that does not belong to the agent. */
export function unknownDefaultEndpoint(): Failure {
  return invalidInput('defaultEndpoint', "must be one of the agent's endpoints");
}

/**
 * Checks the new value of an optional field. Returns undefined to keep the stored value, and null to clear the field.
 */
function clearable<T>(
  value: unknown,
  field: string,
  check: (value: unknown, field: string) => T,
): T | null | undefined {
  return value === null ? null : ifDefined(value, field, check);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  // The cast is necessary: the type of `Object.fromEntries` does not show that only undefined values were removed.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

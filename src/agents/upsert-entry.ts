import { invalidInput } from '../errors/failure';
import { toCanonicalJson } from '../metadata/canonical-json';
import type { MetadataRow } from '../metadata/metadata-rows';
import { checkObject, ifDefined } from '../validation/checks';
import type { UpsertManyOptions } from './batch-types';
import { notDeprecated } from './deprecation';
import { readEndpoints } from './endpoint-validation';
import type { AgentChange, AgentColumns, EndpointRow, NewAgentRow } from './new-row';
import type { AgentRecord, Endpoint } from './types';
import { agentFields, parseNewAgent, type AgentDefaults } from './validation';

/** Optional fields of an agent that a caller can give to `upsertMany`. */
const optionalFields = [
  ...(['id', 'endpoints', 'defaultEndpoint', 'capabilities', 'description', 'metadata'] as const),
  ...(['createdAt', 'expiresAt', 'status'] as const),
];

type OptionalField = (typeof optionalFields)[number];

/** Validated agent of an `upsertMany` call. */
export interface UpsertEntry {
  readonly row: NewAgentRow;
  /** Optional fields that the caller has given. In `row`, all other optional fields have their defaults. */
  readonly given: ReadonlySet<OptionalField>;
  /** Flags of each given endpoint: true for an optional field that the caller has given. */
  readonly givenOfEndpoints: readonly {
    readonly id: boolean;
    readonly health: boolean;
    readonly lastChecked: boolean;
  }[];
}

/**
 * Parses one agent of an `upsertMany` call.
 *
 * @throws INVALID_INPUT when the agent is invalid, or when its id is required and missing
 */
export function parseUpsert(input: unknown, by: UpsertManyOptions['by'], defaults: AgentDefaults): UpsertEntry {
  const { endpoints, ...fields } = checkObject(input, 'agent', agentFields);
  const read = ifDefined(endpoints, 'endpoints', (value) => readEndpoints(value, defaults.checks));
  const agent: Readonly<Partial<Record<OptionalField, unknown>>> = { ...fields, ...(read && { endpoints: read }) };
  const given = new Set(optionalFields.filter((field) => agent[field] !== undefined));
  const row = parseNewAgent(agent, defaults);
  if (by === 'id' && !given.has('id')) throw invalidInput('id', 'must be given, because the option by is id');
  const givenOfEndpoints = (read ?? []).map(({ id, health }) => ({
    id: id !== undefined,
    health: health !== undefined,
    lastChecked: health?.lastChecked !== undefined,
  }));
  return { row, given, givenOfEndpoints };
}

/** Returns the change that gives a stored agent the given values; undefined when the agent already has all of them. */
export function differenceOf(entry: UpsertEntry, stored: AgentRecord, nowMs: number): AgentChange | undefined {
  const { given, row } = entry;
  const { endpoints, capabilities, metadata } = row.collections;
  const newEndpoints = given.has('endpoints') ? completed(endpoints, entry, stored.endpoints) : undefined;
  const collections: AgentChange['collections'] = {
    ...(newEndpoints !== undefined && !hasEndpoints(stored, newEndpoints) ? { endpoints: newEndpoints } : {}),
    ...(given.has('capabilities') && !hasCapabilities(stored, capabilities) ? { capabilities } : {}),
    ...(given.has('metadata') && !hasMetadata(stored, metadata) ? { metadata } : {}),
  };
  const columns = changedColumns(entry, stored);
  if (Object.keys(columns).length === 0 && Object.keys(collections).length === 0) return undefined;
  const { scopeOwner } = row;
  return { id: stored.id, columns: { ...columns, updatedAt: nowMs }, collections, scopeOwner };
}

function changedColumns({ given, row: { columns } }: UpsertEntry, stored: AgentRecord): Partial<AgentColumns> {
  const { name, nameFolded, version, versionKey, status, defaultEndpointId, description } = columns;
  const changed: { -readonly [Field in keyof AgentColumns]?: AgentColumns[Field] } = {};
  if (name !== stored.name) Object.assign(changed, { name, nameFolded });
  if (version !== stored.version) Object.assign(changed, { version, versionKey });
  for (const field of ['publicKey', 'certificateId', 'owner'] as const) {
    if (columns[field] !== stored[field]) changed[field] = columns[field];
  }
  for (const field of ['createdAt', 'expiresAt'] as const) {
    if (given.has(field) && columns[field] !== stored[field].getTime()) changed[field] = columns[field];
  }
  if (given.has('description') && description !== stored.description) changed.description = description;
  if (given.has('defaultEndpoint') && defaultEndpointId !== stored.defaultEndpoint?.id) {
    changed.defaultEndpointId = defaultEndpointId;
  }
  if (given.has('status') && status !== stored.status) {
    // An agent that becomes ACTIVE loses its deprecation.
    Object.assign(changed, { status }, status === 'ACTIVE' ? notDeprecated : {});
  }
  return changed;
}

/**
 * Returns the given endpoints. Takes an omitted id or health from the stored endpoint that matches. Keeps the stored
 * time of the last check if the caller gives no time, and the status and message stay the same.
 */
function completed(
  rows: readonly EndpointRow[],
  { givenOfEndpoints }: UpsertEntry,
  stored: readonly Endpoint[],
): EndpointRow[] {
  const givenIds = rows.filter((_, index) => givenOfEndpoints[index]?.id).map(([id]) => id);
  const taken = new Set<string>(givenIds);
  return rows.map((row, index): EndpointRow => {
    const [id, position, protocol, address, port, status, lastChecked, message, metadata] = row;
    const given = givenOfEndpoints[index];
    const same = stored.find((endpoint) =>
      given?.id === true
        ? endpoint.id === id
        : !taken.has(endpoint.id) &&
          endpoint.protocol === protocol &&
          endpoint.address === address &&
          endpoint.port === port,
    );
    if (same === undefined) return row;
    taken.add(same.id);
    const { health } = same;
    const keepsTime = given?.lastChecked !== true && health.status === status && (health.message ?? null) === message;
    const kept: readonly [typeof status, number, string | null] =
      given?.health !== true
        ? [health.status, health.lastChecked.getTime(), health.message ?? null]
        : [status, keepsTime ? health.lastChecked.getTime() : lastChecked, message];
    return [same.id, position, protocol, address, port, ...kept, metadata];
  });
}

function hasEndpoints({ endpoints }: AgentRecord, rows: readonly EndpointRow[]): boolean {
  return (
    endpoints.length === rows.length &&
    endpoints.every(({ id, protocol, address, port, health, metadata }, position) => {
      const json = metadata === undefined ? null : toCanonicalJson(metadata, 'metadata');
      const { status, lastChecked, message = null } = health;
      const values = [id, position, protocol, address, port, status, lastChecked.getTime(), message, json];
      return rows[position]?.every((value, index) => value === values[index]) === true;
    })
  );
}

function hasCapabilities({ capabilities }: AgentRecord, names: readonly string[]): boolean {
  const stored = new Set(capabilities);
  return stored.size === names.length && names.every((name) => stored.has(name));
}

function hasMetadata({ metadata }: AgentRecord, rows: readonly MetadataRow[]): boolean {
  const stored = new Map(Object.entries(metadata));
  return (
    stored.size === rows.length &&
    rows.every(([key, value]) => stored.has(key) && toCanonicalJson(stored.get(key), 'metadata') === value)
  );
}

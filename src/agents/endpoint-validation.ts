import { v7 as uuidv7 } from 'uuid';
import { checkArray, checkObject, checkOneOf, checkTime, checkWholeNumber, ifDefined } from '../validation/checks';
import { invalidInput } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { guardedRead } from '../validation/guarded-read';
import { metadataBounds } from '../metadata/metadata-rows';
import { toCanonicalJson, isPlainObject, type JsonBounds } from '../metadata/canonical-json';
import type { EndpointRow } from './new-row';
import { HealthStatus } from './types';

const endpointFields = new Set(['id', 'protocol', 'address', 'port', 'health', 'metadata'] as const);
const healthFields = new Set(['status', 'lastChecked', 'message'] as const);
const reportFields = new Set(['agentId', 'endpointId', 'status', 'lastChecked', 'message'] as const);

/**
 * Parses the endpoints of an agent and adds the defaults.
 *
 * @throws INVALID_INPUT when an endpoint is invalid, or when two endpoints have the same id
 */
export function parseEndpoints(value: unknown, nowMs: number, checks: Validator): EndpointRow[] {
  const check = (element: unknown, path: string) => ({ path, fields: checkEndpoint(element, path) });
  const endpoints = checkArray(value, 'endpoints', check, checks.limits.endpoints);
  // All endpoints share `bounds`, because the limit applies to the total number of JSON values in their metadata.
  const bounds = metadataBounds(checks);
  const rows = endpoints.map(({ path, fields }, position) => {
    const metadata = ifDefined(fields.metadata, `${path}.metadata`, (value, field) => toJson(value, field, bounds));
    return toRow(fields, metadata ?? null, { path, position, nowMs, checks });
  });
  checks.recordLength(rows, 'endpoints');
  const ids = new Set<string>();
  for (const [id, position] of rows) {
    if (ids.has(id)) throw invalidInput(`endpoints[${position}].id`, "must be unique among the agent's endpoints");
    ids.add(id);
  }
  return rows;
}

/**
 * Returns the given fields of each endpoint, without checking the values. Reads each endpoint only once.
 *
 * @throws INVALID_INPUT when a field is unknown
 */
export function readEndpoints(value: unknown, checks: Validator) {
  const read = (element: unknown, path: string) => {
    const { health, ...fields } = checkEndpoint(element, path);
    const report = ifDefined(health, `${path}.health`, (given, field) => checkObject(given, field, healthFields));
    return { ...fields, ...(report === undefined ? undefined : { health: report }) };
  };
  return checkArray(value, 'endpoints', read, checks.limits.endpoints);
}

type EndpointFields = ReturnType<typeof checkEndpoint>;

function checkEndpoint(value: unknown, path: string) {
  return checkObject(value, path, endpointFields);
}

interface Place {
  readonly path: string;
  readonly position: number;
  readonly nowMs: number;
  readonly checks: Validator;
}

function toRow(
  endpoint: EndpointFields,
  metadata: string | null,
  { path, position, nowMs, checks }: Place,
): EndpointRow {
  const health = parseHealth(endpoint.health, `${path}.health`, nowMs, checks);
  return [
    ifDefined(endpoint.id, `${path}.id`, checks.id) ?? uuidv7(),
    position,
    checks.name(endpoint.protocol, `${path}.protocol`),
    checks.name(endpoint.address, `${path}.address`),
    checkWholeNumber(endpoint.port, `${path}.port`, 1, 65_535),
    health.status,
    health.lastChecked,
    health.message,
    metadata,
  ];
}

/** Columns of the health of an endpoint. Times are in milliseconds since 1970. */
export interface HealthColumns {
  readonly status: HealthStatus;
  readonly lastChecked: number;
  readonly message: string | null;
}

/**
 * Parses the result of a health check and adds the defaults.
 *
 * @throws INVALID_INPUT when the result is invalid
 */
export function parseHealth(value: unknown, path: string, nowMs: number, checks: Validator): HealthColumns {
  if (value === undefined) return { status: 'UNKNOWN', lastChecked: nowMs, message: null };
  return toHealth(checkObject(value, path, healthFields), path, nowMs, checks);
}

/** Validated report about the health of one endpoint. */
export interface HealthReportRow {
  readonly agentId: string;
  readonly endpointId: string;
  readonly health: HealthColumns;
}

/**
 * Parses a report about the health of an endpoint, and adds the defaults.
 *
 * @throws INVALID_INPUT when the report is invalid
 */
export function parseHealthReport(value: unknown, path: string, nowMs: number, checks: Validator): HealthReportRow {
  const report = checkObject(value, path, reportFields);
  return {
    agentId: checks.id(report.agentId, `${path}.agentId`),
    endpointId: checks.id(report.endpointId, `${path}.endpointId`),
    health: toHealth(report, path, nowMs, checks),
  };
}

type HealthFields = Readonly<Partial<Record<'status' | 'lastChecked' | 'message', unknown>>>;

function toHealth(health: HealthFields, path: string, nowMs: number, checks: Validator): HealthColumns {
  return {
    status: checkOneOf(health.status, HealthStatus, `${path}.status`),
    lastChecked: ifDefined(health.lastChecked, `${path}.lastChecked`, checkTime) ?? nowMs,
    message: ifDefined(health.message, `${path}.message`, checks.text) ?? null,
  };
}

function toJson(value: unknown, field: string, bounds: JsonBounds): string {
  if (!guardedRead(field, () => isPlainObject(value)))
    throw invalidInput(field, 'must be a plain object of JSON values');
  return toCanonicalJson(value, field, bounds);
}

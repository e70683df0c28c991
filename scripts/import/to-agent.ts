import type { AgentInput, EndpointInput, JsonValue, Metadata } from '../../src';
import { deterministicId } from './deterministic-id';
import { isRecord, optionalTextOf, RefusedError, textOf, type FileRecord, type Row } from './row';
import { noPublicKey, standInCertificateId } from './stand-in';

/** Version of an agent for which the source states no version. */
const unstatedVersion = '0.0.0';

/** Fields that an endpoint of the directory also has. All other fields become metadata. */
const endpointFields: ReadonlySet<string> = new Set(['protocol', 'address', 'port']);

/**
 * Converts an agent of the file to an agent of the directory.
 *
 * @throws RefusedError when a field has an invalid type.
 */
export function toAgentRow(record: FileRecord): Row {
  const source = textOf(record, 'source');
  const version = optionalTextOf(record, 'version');
  const owner = optionalTextOf(record, 'owner');
  const { endpoints, withoutPort } = partitionEndpoints(record['endpoints'] ?? []);
  const capabilities = textsOf(record['capabilities'] ?? [], 'capabilities');
  const named = capabilities.filter((capability) => capability !== '');
  const emptyCapabilities = capabilities.length - named.length;
  const agent: AgentInput = {
    id: deterministicId(['agent', { ...record }]),
    name: textOf(record, 'name'),
    publicKey: noPublicKey,
    certificateId: standInCertificateId(source),
    endpoints,
    capabilities: named,
    version: version ?? unstatedVersion,
    description: optionalTextOf(record, 'description'),
    metadata: {
      ...metadataOf(record),
      'import.source': source,
      ...(version === undefined ? { 'import.versionStated': false } : undefined),
      ...(owner === undefined ? { 'import.ownerStated': false } : undefined),
      ...(emptyCapabilities > 0 ? { 'import.emptyCapabilities': emptyCapabilities } : undefined),
      ...(withoutPort.length > 0 ? { 'import.endpointsWithoutPort': withoutPort } : undefined),
    },
    owner: owner ?? source,
  };
  return { kind: 'agent', agent, source, endpointsWithoutPort: withoutPort.length, emptyCapabilities };
}

// Separates the endpoints without a port, because the directory requires one. For example, an address may be a
// template.
function partitionEndpoints(value: JsonValue): { endpoints: EndpointInput[]; withoutPort: JsonValue[] } {
  if (!Array.isArray(value)) throw new RefusedError('endpoints must be an array');
  const endpoints: EndpointInput[] = [];
  const withoutPort: JsonValue[] = [];
  for (const endpoint of value) {
    if (!isRecord(endpoint)) throw new RefusedError('endpoints must contain only objects');
    if (endpoint['port'] === undefined) withoutPort.push(endpoint);
    else endpoints.push(toEndpoint(endpoint, endpoints.length + 1));
  }
  return { endpoints, withoutPort };
}

function toEndpoint(endpoint: FileRecord, position: number): EndpointInput {
  const { port } = endpoint;
  if (typeof port !== 'number') throw new RefusedError('the port of an endpoint must be a number');
  const others = Object.entries(endpoint).filter(([field]) => !endpointFields.has(field));
  return {
    id: `endpoint-${position}`,
    protocol: textOf(endpoint, 'protocol'),
    address: textOf(endpoint, 'address'),
    port,
    ...(others.length > 0 ? { metadata: Object.fromEntries(others) } : undefined),
  };
}

function metadataOf(record: FileRecord): Metadata {
  const metadata = record['metadata'] ?? {};
  if (!isRecord(metadata)) throw new RefusedError('metadata must be an object');
  return metadata;
}

function textsOf(value: JsonValue, field: string): string[] {
  if (!Array.isArray(value)) throw new RefusedError(`${field} must be an array`);
  return value.map((element) => {
    if (typeof element !== 'string') throw new RefusedError(`${field} must contain only strings`);
    return element;
  });
}

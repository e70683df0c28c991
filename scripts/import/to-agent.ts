import type { AgentInput, EndpointInput, JsonValue, Metadata } from '../../src';
import { deterministicId } from './deterministic-id';
import { isRecord, optionalTextOf, RefusedError, textOf, type FileRecord, type Row } from './row';
import { noPublicKey, standInCertificateId } from './stand-in';

/** Placeholder for the version of an agent whose source states none. */
const unstatedVersion = '0.0.0';

/** Properties with a field of their own in an endpoint of the directory. */
const endpointFields: ReadonlySet<string> = new Set(['protocol', 'address', 'port']);

/** An agent of the file as an agent of the directory. @throws RefusedError */
export function toAgentRow(record: FileRecord): Row {
  const source = textOf(record, 'source');
  const version = optionalTextOf(record, 'version');
  const owner = optionalTextOf(record, 'owner');
  const { endpoints, setAside } = sortEndpoints(record['endpoints'] ?? []);
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
      ...(setAside.length > 0 ? { 'import.endpointsWithoutPort': setAside } : undefined),
    },
    owner: owner ?? source,
  };
  return { kind: 'agent', agent, source, endpointsSetAside: setAside.length, emptyCapabilities };
}

// An address that is a template has no port, and cannot be connected to.
function sortEndpoints(value: JsonValue): { endpoints: EndpointInput[]; setAside: JsonValue[] } {
  if (!Array.isArray(value)) throw new RefusedError('endpoints must be an array');
  const endpoints: EndpointInput[] = [];
  const setAside: JsonValue[] = [];
  for (const endpoint of value) {
    if (!isRecord(endpoint)) throw new RefusedError('endpoints must hold objects');
    if (endpoint['port'] === undefined) setAside.push(endpoint);
    else endpoints.push(toEndpoint(endpoint, endpoints.length + 1));
  }
  return { endpoints, setAside };
}

function toEndpoint(endpoint: FileRecord, place: number): EndpointInput {
  const { port } = endpoint;
  if (typeof port !== 'number') throw new RefusedError('endpoints must have numbers as ports');
  const others = Object.entries(endpoint).filter(([field]) => !endpointFields.has(field));
  return {
    id: `endpoint-${place}`,
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
    if (typeof element !== 'string') throw new RefusedError(`${field} must hold strings`);
    return element;
  });
}

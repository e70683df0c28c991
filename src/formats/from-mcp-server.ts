import type { EndpointInput } from '../agents/types';
import { invalidInput } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import { copyDocument, DocumentPart, isObject, type JsonObject } from './document';
import { portOf } from './port';
import { redact } from './redact';
import type { FormatResult } from './types';
import { toMetadata } from './to-metadata';

/**
 * Converts a server.json of the Model Context Protocol to an agent. Accepts the schemas from 2025-05 (`version_detail`)
 * to 2025-12, and a document as the API of the registry returns it: `{ server, _meta }`.
 *
 * - `name`, `version` and `description` are those of the server. `owner` is undefined, because a server.json states
 *   none. Only a registry verifies the part of the name before the slash.
 * - Each of the `remotes` becomes an endpoint with the protocol `mcp`, the id `remote-1` and so on, and the metadata
 *   `transport`. A remote without a host and a port, such as the template `https://{tenant}.example.com`, becomes a
 *   warning. Packages become no endpoints, because they run on the machine of their user.
 * - The metadata `mcp.server` is the whole document. If it contains secret values, each of them is `[redacted]`, and a
 *   warning names its field.
 *
 * Reads nothing but its argument, and calls no address.
 *
 * @param document - the parsed JSON.
 * @throws INVALID_INPUT when the document is not a server.json, with the field that shows it.
 * @example
 * ```ts
 * const { agent, warnings } = fromMcpServer(JSON.parse(await readFile('server.json', 'utf8')));
 * await db.createAgent({ ...agent, owner: 'acme', certificateId, publicKey });
 * ```
 */
export function fromMcpServer(document: unknown): FormatResult {
  try {
    return toResult(copyDocument(document));
  } catch (error) {
    throw toDatabaseError('fromMcpServer', error);
  }
}

function toResult(original: JsonObject): FormatResult {
  const { document, paths } = redact(original);
  const root = new DocumentPart(document);
  const server = isObject(document['server']) ? new DocumentPart(document['server'], 'server.') : root;
  for (const field of ['skills', 'supportedInterfaces']) {
    if (server.value(field) !== undefined) throw invalidInput(server.pathOf(field), 'is a field of an A2A agent card');
  }
  const { endpoints, warnings } = toEndpoints(server);
  const { metadata, warnings: redactions } = toMetadata('mcp.server', document, paths);
  return {
    agent: {
      name: server.text('name'),
      version: versionOf(server),
      description: server.optionalText('description'),
      endpoints,
      metadata,
    },
    warnings: [...warnings, ...statusWarnings(root, server), ...redactions],
  };
}

/**
 * Returns a warning when the registry lists the server as deprecated or deleted. The agent does not get this status,
 * because the operator of each database decides on the status of its agents.
 */
function statusWarnings(root: DocumentPart, server: DocumentPart): string[] {
  const official = root.optionalPart('_meta')?.optionalPart('io.modelcontextprotocol.registry/official');
  const status = official?.optionalText('status') ?? server.optionalText('status') ?? 'active';
  return status === 'deprecated' || status === 'deleted' ? [`the registry lists the server as ${status}`] : [];
}

function versionOf(server: DocumentPart): string {
  const detail = server.value('version') === undefined ? server.optionalPart('version_detail') : undefined;
  return (detail ?? server).text('version');
}

function toEndpoints(server: DocumentPart): { readonly endpoints: EndpointInput[]; readonly warnings: string[] } {
  const endpoints: EndpointInput[] = [];
  const warnings: string[] = [];
  for (const [index, remote] of server.parts('remotes').entries()) {
    const address = remote.text('url');
    const port = portOf(address);
    // Accepts both names of the field: documents of the schema 2025-05 may have no transport type, or an empty one.
    const transport = remote.optionalText('type') ?? remote.optionalText('transport_type') ?? '';
    if (port === undefined) {
      warnings.push(`${remote.pathOf('url')} has no host and port, so it is not an endpoint`);
      continue;
    }
    endpoints.push({
      id: `remote-${index + 1}`,
      protocol: 'mcp',
      address,
      port,
      ...(transport === '' ? undefined : { metadata: { transport } }),
    });
  }
  return { endpoints, warnings };
}

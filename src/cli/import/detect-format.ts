import { invalidInput, type Failure } from '../../errors/failure';

/** Format of a document that describes one agent. */
export type DocumentFormat = 'mcp' | 'a2a' | 'agents';

/**
 * Returns the format of a document. The fields of the document show the format.
 *
 * @throws INVALID_INPUT when the document has a known format that is not supported.
 */
export function detectFormat(value: unknown): DocumentFormat {
  if (typeof value !== 'object' || value === null) return 'agents';
  const document = value as Readonly<Record<string, unknown>>;
  const has = (...fields: readonly string[]): boolean => fields.some((field) => document[field] !== undefined);
  if (has('schema_version')) throw unsupported('an OASF record');
  if (has('entries') || (has('identifier') && has('mediaType', 'type'))) throw unsupported('an AI catalog');
  if (has('skills', 'supportedInterfaces', 'additionalInterfaces', 'preferredTransport')) return 'a2a';
  if (has('owner', 'endpoints', 'publicKey', 'certificateId', 'expiresAt', 'metadata')) return 'agents';
  if (has('server', 'packages', 'remotes', 'version_detail', 'repository', '_meta', '$schema')) return 'mcp';
  // A name with a slash is the name of an MCP server. A document with an `owner` describes an agent of this package.
  return typeof document['name'] === 'string' && document['name'].includes('/') ? 'mcp' : 'agents';
}

function unsupported(kind: string): Failure {
  const supported = 'server.json of MCP, agent cards of A2A, agents of this package and its exports';
  return invalidInput('document', `is ${kind}, which cannot be imported. Supported formats are: ${supported}`);
}

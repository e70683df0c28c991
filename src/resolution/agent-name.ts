import semver from 'semver';
import { Failure, invalidInput } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import { checkObject, checkOneOf, checkText } from '../validation/checks';
import type { AgentName } from './types';

/** Maximum number of characters of a structured agent name. */
const maxLength = 2048;

const names = new Set([
  'format',
  'protocol',
  'agent',
  'capability',
  'provider',
  'version',
  'extension',
  'host',
] as const);

/**
 * Parses the structured name of an agent, which has one of two formats:
 *
 * - `ans-v1`: `protocol://agent.capability.provider.vVersion.extension`. The provider has one or more labels. The
 *   extension may be absent.
 * - `ans-v2`: `ans://vVersion.host`.
 *
 * The version is the longest sequence of labels that is a version: for example, `v2.1.hipaa` has the version `2.1` and
 * the extension `hipaa`.
 *
 * @throws INVALID_INPUT when the text has neither of the formats, or more than 2048 characters.
 * @see draft-narajala-ans, section 3 (ANSName), for `ans-v1`
 * @example
 * ```ts
 * const parsed = parseAgentName('mcp://translator.translate.acme.v1.2.0.eu');
 * if (parsed.format === 'ans-v1') console.log(parsed.agent, parsed.provider, parsed.version);
 * ```
 */
export function parseAgentName(text: string): AgentName {
  try {
    return parse(text);
  } catch (error) {
    throw toDatabaseError('parseAgentName', error);
  }
}

/**
 * Formats the structured name of an agent: the inverse of {@link parseAgentName}.
 *
 * @throws INVALID_INPUT when a part is missing or unknown; also when {@link parseAgentName} would return other parts
 * for the result, for example because `agent` contains a dot.
 * @example
 * ```ts
 * const name = formatAgentName({ format: 'ans-v2', host: 'agent.example.com', version: '1.2.3' });
 * console.log(name); // ans://v1.2.3.agent.example.com
 * ```
 */
export function formatAgentName(name: AgentName): string {
  try {
    return format(name);
  } catch (error) {
    throw toDatabaseError('formatAgentName', error);
  }
}

/**
 * Parses the structured name of an agent, in the format `ans-v1` or `ans-v2`.
 *
 * @throws Failure INVALID_INPUT when the text has neither of these formats, or more than 2048 characters
 */
export function parse(text: unknown, field = 'agentName'): AgentName {
  const [, protocol, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^\s/?#@:]+)$/i.exec(checkText(text, field, maxLength)) ?? [];
  const labels = rest?.split('.') ?? [];
  if (protocol === undefined || labels.includes('')) throw invalidName(field);
  if (protocol === 'ans' && isVersionStart(labels[0])) {
    // At least the last label belongs to the host. A host of digits and dots only is refused, because it would look
    // like a part of the version.
    const length = versionLength(labels.slice(0, -1), 0);
    const host = labels.slice(length).join('.');
    if (length === 0 || /^[\d.]+$/.test(host)) throw invalidName(field);
    return { format: 'ans-v2', host, version: versionOf(labels.slice(0, length)) };
  }
  const start = labels.findIndex((label, index) => index > 2 && isVersionStart(label));
  const length = start < 0 ? 0 : versionLength(labels, start);
  const [agent, capability] = labels;
  if (length === 0 || agent === undefined || capability === undefined) throw invalidName(field);
  const provider = labels.slice(2, start).join('.');
  const version = versionOf(labels.slice(start, start + length));
  const extension = labels.slice(start + length).join('.');
  const parts = { format: 'ans-v1', protocol, agent, capability, provider, version } as const;
  return extension === '' ? parts : { ...parts, extension };
}

function format(name: unknown): string {
  const fields = checkObject(name, 'name', names);
  const formatName = checkOneOf(fields.format, ['ans-v1', 'ans-v2'], 'name.format');
  const text = (field: 'protocol' | 'agent' | 'capability' | 'provider' | 'version' | 'host'): string =>
    checkText(fields[field], `name.${field}`, maxLength);
  const extension =
    fields.extension === undefined ? '' : `.${checkText(fields.extension, 'name.extension', maxLength)}`;
  const formatted =
    formatName === 'ans-v2'
      ? `ans://v${text('version')}.${text('host')}`
      : `${text('protocol')}://${text('agent')}.${text('capability')}.${text('provider')}.v${text('version')}${extension}`;
  const parsed: Readonly<Record<string, unknown>> = { ...parse(formatted, 'name') };
  for (const field of names)
    if (parsed[field] !== fields[field]) throw invalidInput(`name.${field}`, 'does not fit the format');
  return formatted;
}

function invalidName(field: string): Failure {
  return invalidInput(field, 'must be protocol://agent.capability.provider.vVersion.extension or ans://vVersion.host');
}

function isVersionStart(label: string | undefined): boolean {
  return label !== undefined && /^v(0|[1-9]\d*)$/.test(label);
}

// Returns the number of labels of the longest version that begins at `labels[start]`; 0 when no version begins there.
function versionLength(labels: readonly string[], start: number): number {
  for (let end = labels.length; end > start; end -= 1) {
    if (isVersion(versionOf(labels.slice(start, end)))) return end - start;
  }
  return 0;
}

function versionOf(labels: readonly string[]): string {
  return labels.join('.').slice(1);
}

function isVersion(text: string): boolean {
  return /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,2}$/.test(text) || semver.valid(text) !== null;
}

import type { AgentInput } from '../../index';
import { fromA2aCard, fromMcpServer, type FormatResult } from '../../formats';
import { parseNewAgent } from '../../agents/validation';
import { invalidInput } from '../../errors/failure';
import { parseLimits } from '../../validation/limits';
import { Validator } from '../../validation/validator';
import type { DocumentFormat } from './detect-format';

/** Values for the agent fields that an imported document does not have. */
export interface ImportDefaults {
  readonly owner: string | undefined;
  /** Certificate with which the imported agents are registered. */
  readonly certificate: { readonly id: string; readonly publicKey: string } | undefined;
}

/** Agent that a document describes, with warnings about the parts of the document that are not imported. */
export interface ImportedAgent {
  readonly agent: AgentInput;
  readonly warnings: readonly string[];
}

const checks = new Validator(parseLimits(undefined));
const times = ['createdAt', 'updatedAt', 'expiresAt'] as const;

/**
 * Converts a document to an agent that can be registered.
 *
 * @throws INVALID_INPUT when the document is invalid, or when neither the document nor the defaults have a required
 * field.
 */
export function toAgent(value: unknown, format: DocumentFormat, defaults: ImportDefaults): ImportedAgent {
  const { agent: given, warnings } = convert(value, format);
  const { certificate } = defaults;
  const agent = {
    ...given,
    owner: given.owner ?? defaults.owner,
    certificateId: given.certificateId ?? certificate?.id,
    publicKey: given.publicKey ?? certificate?.publicKey,
  };
  if (agent.owner === undefined) throw invalidInput('owner', 'is not stated: specify --owner');
  if (agent.certificateId === undefined) throw invalidInput('certificateId', 'is not stated: specify --certificate');
  const rules = { nowMs: Date.now(), lifetimeMs: 0, uniqueness: 'none', allowsRevoked: false, checks } as const;
  parseNewAgent(agent, rules);
  // The cast is safe, because the agent was validated before.
  return { agent: agent as AgentInput, warnings };
}

type PartialAgent = FormatResult['agent'] & Partial<Pick<AgentInput, 'certificateId' | 'publicKey'>>;

function convert(value: unknown, format: DocumentFormat): { agent: PartialAgent; warnings: readonly string[] } {
  if (format === 'mcp') return fromMcpServer(value);
  if (format === 'a2a') return fromA2aCard(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidInput('document', 'must be an object');
  const { deprecation, ...fields } = value as Record<string, unknown>;
  for (const field of times) fields[field] = toDate(fields[field]);
  const { endpoints, defaultEndpoint } = fields;
  if (Array.isArray(endpoints)) fields['endpoints'] = endpoints.map((endpoint, index) => toEndpoint(endpoint, index));
  if (typeof defaultEndpoint === 'object' && defaultEndpoint !== null && 'id' in defaultEndpoint) {
    fields['defaultEndpoint'] = defaultEndpoint.id;
  }
  const warnings = deprecation === undefined ? [] : ['deprecation is not imported'];
  // The cast is safe, because the caller validates the agent afterwards.
  return { agent: fields as unknown as PartialAgent, warnings };
}

/** Returns an endpoint of a document with its times as dates. The id of the endpoint is the same in each import. */
function toEndpoint(endpoint: unknown, index: number): unknown {
  if (typeof endpoint !== 'object' || endpoint === null) return endpoint;
  const { health, ...fields } = endpoint as Record<string, unknown>;
  const id = fields['id'] ?? `endpoint-${index + 1}`;
  if (typeof health !== 'object' || health === null)
    return { ...fields, id, ...(health === undefined ? {} : { health }) };
  return {
    ...fields,
    id,
    health: { ...health, lastChecked: toDate((health as Record<string, unknown>)['lastChecked']) },
  };
}

function toDate(value: unknown): unknown {
  return typeof value === 'string' ? new Date(value) : (value ?? undefined);
}

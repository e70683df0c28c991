import type { EndpointInput } from '../agents/types';
import { invalidInput } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';
import type { Metadata } from '../metadata/types';
import { copyDocument, DocumentPart, type JsonObject } from './document';
import { portOf } from './port';
import { redact } from './redact';
import { toMetadata } from './to-metadata';
import type { FormatResult } from './types';

/**
 * Converts an agent card of the Agent2Agent protocol (A2A) to an agent. Accepts the versions 0.2 to 1.0.
 *
 * - `name`, `version` and `description` are those of the card. `owner` is `provider.organization`; undefined without
 *   it. Anybody can write any organization into a card: verify it before you use it as an owner.
 * - `capabilities` are the ids of the card's `skills`. The card's own `capabilities` are flags of its protocol.
 * - The endpoints have the protocol `a2a` and the ids `interface-1` and so on, the preferred one first. They come from
 *   `supportedInterfaces` (1.0), then from `url` and `additionalInterfaces` (0.x). A repeated interface becomes one
 *   endpoint. Their metadata are `transport`, `protocolVersion` and `tenant`, if the card states them. An interface
 *   without a host and a port becomes a warning.
 * - The metadata `a2a.card` is the whole card, so that its signatures still verify. If it contains secret values, each
 *   of them is `[redacted]`, and a warning names its field.
 *
 * Reads nothing but its argument, calls no address and verifies no signature.
 *
 * @param card - the parsed JSON.
 * @throws INVALID_INPUT when the document is not an agent card, with the field that shows it.
 * @example
 * ```ts
 * const { agent, warnings } = fromA2aCard(JSON.parse(await readFile('agent-card.json', 'utf8')));
 * await db.createAgent({ ...agent, owner: agent.owner ?? 'acme', certificateId, publicKey });
 * ```
 */
export function fromA2aCard(card: unknown): FormatResult {
  try {
    return toResult(copyDocument(card));
  } catch (error) {
    throw toDatabaseError('fromA2aCard', error);
  }
}

function toResult(original: JsonObject): FormatResult {
  const { document, paths } = redact(original);
  const card = new DocumentPart(document);
  const organization = card.optionalPart('provider')?.optionalText('organization') ?? '';
  const { endpoints, warnings } = toEndpoints(card);
  const { capabilities, warnings: skillWarnings } = toCapabilities(card);
  const { metadata, warnings: redactions } = toMetadata('a2a.card', document, paths);
  return {
    agent: {
      name: card.text('name'),
      version: card.text('version'),
      description: card.optionalText('description'),
      ...(organization === '' ? undefined : { owner: organization }),
      endpoints,
      capabilities,
      metadata,
    },
    warnings: [...warnings, ...skillWarnings, ...redactions],
  };
}

/** Interface in an A2A agent card. The fields are those of version 1.0 of the card. */
interface Interface {
  readonly path: string;
  readonly address: string;
  readonly metadata: Metadata;
}

function toEndpoints(card: DocumentPart): { readonly endpoints: EndpointInput[]; readonly warnings: string[] } {
  const endpoints = new Map<string, EndpointInput>();
  const warnings: string[] = [];
  for (const { path, address, metadata } of interfacesOf(card)) {
    const port = portOf(address);
    if (port === undefined) {
      warnings.push(`${path} has no host and port, so it is not an endpoint`);
      continue;
    }
    const key = JSON.stringify([address, metadata]);
    if (endpoints.has(key)) continue;
    const id = `interface-${endpoints.size + 1}`;
    endpoints.set(key, { id, protocol: 'a2a', address, port, ...(isEmpty(metadata) ? undefined : { metadata }) });
  }
  return { endpoints: [...endpoints.values()], warnings };
}

function interfacesOf(card: DocumentPart): Interface[] {
  const supported = card.parts('supportedInterfaces').map((part) => toInterface(part, 'protocolBinding'));
  const additional = card.parts('additionalInterfaces').map((part) => toInterface(part, 'transport'));
  const address = card.optionalText('url') ?? '';
  if (address === '') return [...supported, ...additional];
  const metadata = metadataOf({ transport: card.optionalText('preferredTransport') });
  return [...supported, { path: card.pathOf('url'), address, metadata }, ...additional];
}

function toInterface(part: DocumentPart, binding: 'protocolBinding' | 'transport'): Interface {
  const metadata = metadataOf({
    transport: part.optionalText(binding),
    protocolVersion: part.optionalText('protocolVersion'),
    tenant: part.optionalText('tenant'),
  });
  return { path: part.pathOf('url'), address: part.text('url'), metadata };
}

function metadataOf(fields: Readonly<Record<string, string | undefined>>): Metadata {
  const stated = Object.entries(fields).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return Object.fromEntries(stated);
}

function isEmpty(metadata: Metadata): boolean {
  return Object.keys(metadata).length === 0;
}

function toCapabilities(card: DocumentPart): { readonly capabilities: string[]; readonly warnings: string[] } {
  // Recognizes an agent card by `skills`: every version of the card has this field, and no other format has it.
  if (card.value('skills') === undefined) throw invalidInput('skills', 'must be an array');
  const capabilities = new Set<string>();
  const warnings: string[] = [];
  for (const skill of card.parts('skills')) {
    const id = skill.optionalText('id') ?? '';
    if (id === '') warnings.push(`${skill.pathOf('id')} is missing, so the skill is not a capability`);
    else capabilities.add(id);
  }
  return { capabilities: [...capabilities], warnings };
}

import { constraintRefuses } from './application-constraint';
import type { Meaning } from '../engines/postgresql/errors/connection-meanings';
import { findInChain } from './error-chain';
import { ownRequiredColumns } from './own-constraints';

/** Foreign keys that the migrations of this package create. */
export const ownForeignKeys: ReadonlySet<string> = new Set([
  'agent_capabilities_agent_id_fkey',
  'agent_capabilities_capability_id_fkey',
  'agent_metadata_agent_id_fkey',
  'agents_certificate_id_fkey',
  'certificate_metadata_certificate_id_fkey',
  'certificates_replaced_by_fkey',
  'endpoints_agent_id_fkey',
  'security_event_metadata_event_id_fkey',
]);

const notFound: Meaning = {
  code: 'REFERENCE_NOT_FOUND',
  message: 'a record that this one refers to does not exist',
};
export const stillReferenced: Meaning = { code: 'STILL_REFERENCED', message: 'other records refer to this one' };

/** Start of the server's message when the referenced row has changed; translated servers use other words. */
const ofReferenced = 'update or delete on table';
const ofReferring = 'insert or update on table';

/**
 * Returns the mapping of a foreign key violation of PostgreSQL. The server has one code for both sides, and names the
 * referencing table. A table of the application refers to a record of this package.
 */
export function meaningOfForeignKey(error: object): Meaning {
  const { table } = error as Readonly<Record<string, unknown>>;
  const text = textOf(error);
  const name = nameOf(error);
  if (name === undefined || ownForeignKeys.has(name)) return notFound;
  if (text.startsWith(ofReferenced)) return stillReferenced;
  const isOwnTable = typeof table === 'string' && table in ownRequiredColumns;
  if (!isOwnTable && !text.startsWith(ofReferring)) return stillReferenced;
  return { code: 'CONSTRAINT_VIOLATION', message: constraintRefuses(name) };
}

/** Reports whether a foreign key of this package was violated, as far as PostgreSQL reports it. */
export function isOwnForeignKey(error: unknown): boolean {
  return findInChain(error, (link) => ownForeignKeys.has(nameOf(link) ?? '') || undefined) ?? false;
}

function nameOf(error: object): string | undefined {
  const { constraint } = error as Readonly<Record<string, unknown>>;
  // Prisma's adapter keeps only the server's message.
  return typeof constraint === 'string' ? constraint : /foreign key constraint "([^"]+)"/.exec(textOf(error))?.[1];
}

function textOf(error: object): string {
  const { message, originalMessage } = error as Readonly<Record<string, unknown>>;
  return String(originalMessage ?? message);
}

import { constraintRefuses } from './application-constraint';
import type { Meaning } from './connection-meanings';
import { findInChain } from './error-chain';
import { ownRequiredColumns } from './own-constraints';

/** The foreign keys that the migrations of this package create. */
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

/** How the server says that the side that is referred to has changed; a server in another language says it otherwise. */
const ofReferenced = 'update or delete on table';
const ofReferring = 'insert or update on table';

/**
 * Returns what a broken foreign key of PostgreSQL means. The server has one code for both sides, and names the table that
 * refers: where it is the application's own, it refers to a record of this package.
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

/** Reports whether a foreign key of this package broke, as far as PostgreSQL tells. */
export function isOwnForeignKey(error: unknown): boolean {
  return findInChain(error, (link) => ownForeignKeys.has(nameOf(link) ?? '') || undefined) ?? false;
}

function nameOf(error: object): string | undefined {
  const { constraint } = error as Readonly<Record<string, unknown>>;
  // Prisma's adapter keeps the server's message alone.
  return typeof constraint === 'string' ? constraint : /foreign key constraint "([^"]+)"/.exec(textOf(error))?.[1];
}

function textOf(error: object): string {
  const { message, originalMessage } = error as Readonly<Record<string, unknown>>;
  return String(originalMessage ?? message);
}

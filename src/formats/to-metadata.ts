import type { Metadata } from '../metadata/types';
import type { JsonObject } from './document';
import { redacted } from './secret-names';

/**
 * Returns metadata that contains a whole document. Also returns a warning if secret values in the document were
 * replaced.
 */
export function toMetadata(
  key: string,
  document: JsonObject,
  paths: readonly string[],
): { readonly metadata: Metadata; readonly warnings: readonly string[] } {
  const warning = `secret values were replaced by "${redacted}", so a signature of the document no longer verifies`;
  return { metadata: { [key]: document }, warnings: paths.length === 0 ? [] : [`${warning}: ${paths.join(', ')}`] };
}

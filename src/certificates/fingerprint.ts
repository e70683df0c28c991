import { foldCase } from '../validation/fold-case';

/** Returns the normalized form of a fingerprint: without colons, in lower case. */
export function toFingerprintKey(fingerprint: string): string {
  return foldCase(fingerprint.replaceAll(':', ''));
}

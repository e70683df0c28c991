import { foldCase } from '../validation/fold-case';

/** Returns the normal form of a fingerprint: no colons, lower case. */
export function toFingerprintKey(fingerprint: string): string {
  return foldCase(fingerprint.replaceAll(':', ''));
}

import { foldCase } from '../validation/fold-case';

/** Returns the normal form of a fingerprint: in lower case, without colons. */
export function toFingerprintKey(fingerprint: string): string {
  return foldCase(fingerprint.replaceAll(':', ''));
}

import { foldCase } from '../text/fold-case';

/** What two writings of one fingerprint have in common: no colons, lower case. */
export function toFingerprintKey(fingerprint: string): string {
  return foldCase(fingerprint.replaceAll(':', ''));
}

import type { LookupKind } from '../storage/lookup';
import type { ChangeEntry } from '../storage/transaction';

/** Key in `PendingInvalidations` that stands for all certificate fingerprints. No result of {@link keyOf} equals it. */
export const anyFingerprint = 'fingerprint';

export function keyOf(by: LookupKind, key: string): string {
  return `${by} ${key}`;
}

export function kindOf(entity: ChangeEntry['entity']): LookupKind {
  return entity === 'AGENT' ? 'agent' : 'certificate';
}

export function entityOf(by: LookupKind): 'agent' | 'certificate' {
  return by === 'agent' ? 'agent' : 'certificate';
}

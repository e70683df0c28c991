import type { AgentRecord } from '../agents/types';
import type { Certificate } from '../certificates/types';
import type { Executor } from '../storage/executor';

/** Record that the cache keeps. */
export type CachedRecord = AgentRecord | Certificate;

/** Kind of key of a lookup: an agent's id, or a certificate's id or fingerprint. */
export type LookupKind = 'agent' | 'certificate' | 'fingerprint';

/** The one record that a key leads to. */
export interface Lookup<T extends CachedRecord> {
  readonly by: LookupKind;
  /** Of a fingerprint, what all of its writings have in common. */
  readonly key: string;
  readonly read: (executor: Executor) => Promise<T | null>;
}

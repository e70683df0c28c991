import type { Executor } from '../storage/executor';
import { expireDueCertificates } from './commands';

/** Maximum number of certificates that one transaction changes. */
const batchSize = 250;

/**
 * Changes the status of all due certificates to EXPIRED, in several transactions. Returns the number of changed
 * certificates.
 */
export async function expireAllDueCertificates(executor: Executor, nowMs: number): Promise<number> {
  for (let count = 0; ;) {
    const expired = await executor.withTransaction((tx) => expireDueCertificates(tx, nowMs, batchSize));
    count += expired;
    if (expired < batchSize) return count;
  }
}

import { repeatInTransactions } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import { expireDueCertificates } from './commands';

/** Maximum number of certificates that one transaction sets to EXPIRED. */
const batchSize = 250;

/**
 * Changes the status to EXPIRED for all certificates whose `notAfter` has passed, in several transactions. Returns the
 * number of changed certificates.
 */
export function expireAllDueCertificates(executor: Executor, nowMs: number): Promise<number> {
  return repeatInTransactions(executor, batchSize, (tx) => expireDueCertificates(tx, nowMs, batchSize));
}

import type { Metadata } from '../metadata/types';
import type { BatchOptions, CreateResult } from '../options/batch-options';
import type { CertificateInput, CertificateStatus, RevocationOptions, RevocationOutcome, RotateOptions } from './types';

/**
 * Methods of `db.certificates` that change certificates. Every change is atomic and adds entries to the change feed; a
 * call that changes nothing adds no entry.
 */
export interface CertificateWriter {
  /**
   * Stores a certificate with its metadata, atomically.
   *
   * @returns the id of the certificate, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id or the fingerprint is taken; INVALID_INPUT, also when `notAfter` is before
   * `notBefore`, and when `replacedBy` is given.
   * @example
   * ```ts
   * const certificateId = await db.certificates.create(certificate);
   * await db.agents.create({ ...agent, certificateId });
   * ```
   */
  create(certificate: CertificateInput): Promise<string>;

  /**
   * Stores many certificates, in batches of up to 500. With `onError: 'abort'`, the default, the call is atomic. With
   * `'collect'`, the call stores all certificates that are not refused, and each batch is atomic.
   *
   * @returns the result of each certificate, in input order; an empty array for no certificates.
   * @throws with `'abort'`, the error of the first refused certificate, as for {@link create}; INVALID_INPUT for wrong
   * options, when `certificates` is not an array, or when it has more than `limits.batchSize` elements.
   * @example
   * ```ts
   * const results = await db.certificates.createMany([certificate], { onError: 'collect' });
   * console.log(results.filter(({ ok }) => !ok).length, 'certificates were refused');
   * ```
   */
  createMany(certificates: readonly CertificateInput[], options?: BatchOptions): Promise<CreateResult[]>;

  /**
   * Changes the status of a certificate, atomically. Never overwrites a revocation that happens at the same time.
   * Setting the current status again changes nothing and returns true. REVOKED also sets `revokedAt` to now. Does not
   * change the agents that hold the certificate: {@link revoke} can also suspend or revoke them.
   *
   * @returns false when the certificate does not exist.
   * @throws INVALID_TRANSITION when the certificate is REVOKED and `status` is not; INVALID_INPUT when an argument is
   * invalid.
   * @example
   * ```ts
   * const exists = await db.certificates.updateStatus(certificateId, 'SUSPENDED');
   * if (!exists) console.log('unknown certificate');
   * ```
   */
  updateStatus(id: string, status: CertificateStatus): Promise<boolean>;

  /**
   * Replaces all metadata of a certificate.
   *
   * @returns false when the certificate does not exist.
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.certificates.setMetadata(certificateId, { source: 'acme', renewals: 3 });
   * if (!exists) console.log('unknown certificate');
   * ```
   */
  setMetadata(id: string, metadata: Metadata): Promise<boolean>;

  /**
   * Deletes a certificate with its metadata. Clears `replacedBy` of the certificates that the deleted certificate
   * replaced. Prefer to keep certificates: without them, the history of rotations is incomplete.
   *
   * @returns false when the certificate does not exist.
   * @throws STILL_REFERENCED while an agent holds the certificate; INVALID_INPUT when `id` is invalid.
   * @example
   * ```ts
   * const exists = await db.certificates.delete(certificateId);
   * if (!exists) console.log('unknown certificate');
   * ```
   */
  delete(id: string): Promise<boolean>;

  /**
   * Revokes a certificate permanently and, as `options.agents` requests, suspends or revokes the agents that hold it,
   * atomically. Sets `updatedAt` of these agents to a later time.
   *
   * Another call may attach an agent to the certificate at the same time. Then either the revocation includes this
   * agent, or the agent is attached after the revocation. Inside `db.transaction` on PostgreSQL, the revocation does
   * not include an agent that is registered after the transaction began.
   *
   * @returns the ids of the changed agents; null when the certificate does not exist. When the certificate was already
   * revoked, `revoked` is false: the reason and the time of the first revocation stay, and no agent is changed.
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const outcome = await db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'suspend' });
   * console.log(`${outcome?.agents.length ?? 0} agents were suspended`);
   * ```
   */
  revoke(id: string, options: RevocationOptions): Promise<RevocationOutcome | null>;

  /**
   * Replaces a certificate by a new one, atomically. Stores the new certificate, attaches all agents of the old one to
   * it, regardless of their status, and sets `replacedBy` of the old one. Sets `updatedAt` of these agents to a later
   * time. The old certificate can have any status, and keeps it. {@link revoke} describes what happens to agents that
   * are attached to the old certificate at the same time.
   *
   * @returns the id of the new certificate.
   * @throws REFERENCE_NOT_FOUND when no certificate has the id `oldId`; CONFLICT when that certificate has already been
   * replaced; INVALID_TRANSITION when the new certificate is REVOKED, unless `options.allowRevokedCertificate` is true;
   * ALREADY_EXISTS when the new id or fingerprint is taken, even if `oldId` is unknown; INVALID_INPUT, also when the
   * new certificate has `replacedBy`.
   * @example
   * ```ts
   * const newId = await db.certificates.rotate(certificateId, newCertificate);
   * await db.certificates.updateStatus(certificateId, 'SUSPENDED');
   * ```
   */
  rotate(oldId: string, newCertificate: CertificateInput, options?: RotateOptions): Promise<string>;

  /**
   * Changes the status to EXPIRED for all VALID and SUSPENDED certificates whose `notAfter` has passed. Each
   * transaction changes up to 250 certificates; if a transaction fails, the earlier transactions stay committed. Never
   * overwrites a revocation. Inside `db.transaction`, the call is atomic.
   *
   * @returns the number of certificates whose status was changed.
   * @example
   * ```ts
   * const count = await db.certificates.expireDue();
   * console.log(`${count} certificates have expired`);
   * ```
   */
  expireDue(): Promise<number>;
}

import type { CertificateReader } from '../certificates/certificate-reader';
import { CertificateService } from '../certificates/certificate-service';
import type { CertificateWriter } from '../certificates/certificate-writer';
import type { CertificateQuery } from '../certificates/query/types';
import type {
  Certificate,
  CertificateInput,
  RevocationOptions,
  RevocationOutcome,
  RotateOptions,
} from '../certificates/types';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Session } from '../storage/session';

/** Methods of `db.certificates` that an owner scope has. */
export type OwnerCertificateCalls = Pick<CertificateReader, 'get' | 'getByFingerprint' | 'query'> &
  Pick<CertificateWriter, 'revoke' | 'rotate'>;

/**
 * Certificates of one owner: at least one agent of the owner, and no agent of another owner, holds each of them. For
 * these methods, other certificates do not exist, including those that no agent holds. The returned records have no
 * `replacedBy`.
 */
export class OwnerCertificates implements OwnerCertificateCalls {
  readonly #certificates: CertificateService;

  /** Creates the service for the certificates of one owner. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#certificates = new CertificateService(session, settings);
  }

  get(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#certificates.get(id, options);
  }

  getByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#certificates.getByFingerprint(fingerprint, options);
  }

  query(query?: CertificateQuery, options?: ReadOptions): Promise<Certificate[]> {
    return this.#certificates.query(query, options);
  }

  /**
   * Revokes a certificate, as `db.certificates.revoke` does.
   *
   * @returns null when no agent of the owner holds the certificate.
   * @throws CONFLICT when an agent of another owner also holds the certificate; INVALID_INPUT; PERMISSION_DENIED when the
   * scope has only read access.
   * @example
   * ```ts
   * const outcome = await db.forOwner(owner).certificates.revoke(certificateId, {
   *   reason: 'keyCompromise',
   *   agents: 'suspend',
   * });
   * console.log(outcome?.agents);
   * ```
   */
  revoke(id: string, options: RevocationOptions): Promise<RevocationOutcome | null> {
    return this.#certificates.revoke(id, options);
  }

  /**
   * Replaces a certificate, as `db.certificates.rotate` does. Afterwards, no agent holds the old certificate, so the
   * old certificate no longer belongs to the owner.
   *
   * @returns the id of the new certificate.
   * @throws CONFLICT when an agent of another owner also holds the certificate, or when it has already been replaced;
   * REFERENCE_NOT_FOUND when no agent of the owner holds it; ALREADY_EXISTS when the new id or fingerprint is taken,
   * also by a certificate of another owner; INVALID_TRANSITION when the new certificate is REVOKED, unless
   * `options.allowRevokedCertificate` is true; INVALID_INPUT; PERMISSION_DENIED when the scope has only read access.
   * @example
   * ```ts
   * const newId = await db.forOwner(owner).certificates.rotate(certificateId, certificate);
   * console.log(`replaced by ${newId}`);
   * ```
   */
  rotate(oldId: string, newCertificate: CertificateInput, options?: RotateOptions): Promise<string> {
    return this.#certificates.rotate(oldId, newCertificate, options);
  }
}

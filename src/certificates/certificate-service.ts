import { toMetadataRows } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { BatchOptions, CreateResult } from '../options/batch-options';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import { checkWholeNumber } from '../validation/checks';
import type { CertificateReader } from './certificate-reader';
import type { CertificateWriter } from './certificate-writer';
import {
  deleteCertificate,
  insertCertificate,
  replaceMetadata,
  revokeCertificate,
  rotateCertificate,
  setCertificateStatus,
} from './commands';
import { createCertificates } from './create-many';
import { expireAllDueCertificates } from './expire-due';
import { toFingerprintKey } from './fingerprint';
import { parseCreateManyOptions, parseRevocation, parseRotateOptions } from './options';
import { getByFingerprint, getCertificate, queryCertificates } from './queries';
import type { CertificateQuery } from './query/types';
import { expiringWithin, parseCertificateQuery } from './query/validation';
import type {
  Certificate,
  CertificateInput,
  CertificateStatus,
  RevocationOptions,
  RevocationOutcome,
  RotateOptions,
} from './types';
import { checkCertificateStatus, parseNewCertificate } from './validation';

/**
 * Stores, finds and changes certificates. {@link CertificateReader} and {@link CertificateWriter} document the methods.
 * Every error is a `DatabaseError`.
 */
export class CertificateService implements CertificateReader, CertificateWriter {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** Creates the service for certificates. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  get(id: string, options?: ReadOptions): Promise<Certificate | null> {
    const { checks } = this.#settings;
    const { scopeOwner } = checks;
    if (scopeOwner !== undefined) {
      // The record cache does not know which agents hold a certificate, so it cannot answer for one owner.
      return this.#session.read('certificates.get', options, (executor) =>
        getCertificate(executor, checks.id(id, 'id'), scopeOwner),
      );
    }
    return this.#session.readRecord('certificates.get', options, () => {
      const key = checks.id(id, 'id');
      return { by: 'certificate', key, read: (executor: Executor) => getCertificate(executor, key, undefined) };
    });
  }

  getByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    const { checks } = this.#settings;
    const { scopeOwner } = checks;
    const parseKey = (): string => toFingerprintKey(checks.id(fingerprint, 'fingerprint'));
    if (scopeOwner !== undefined) {
      return this.#session.read('certificates.getByFingerprint', options, (executor) =>
        getByFingerprint(executor, parseKey(), scopeOwner),
      );
    }
    return this.#session.readRecord('certificates.getByFingerprint', options, () => {
      const key = parseKey();
      return { by: 'fingerprint', key, read: (executor: Executor) => getByFingerprint(executor, key, undefined) };
    });
  }

  query(query: CertificateQuery = {}, options?: ReadOptions): Promise<Certificate[]> {
    return this.#session.read('certificates.query', options, (executor) =>
      queryCertificates(executor, parseCertificateQuery(query, this.#settings.checks), this.#settings),
    );
  }

  expiring(withinMs: number, options?: ReadOptions): Promise<Certificate[]> {
    return this.#session.read('certificates.expiring', options, (executor) => {
      const spanMs = checkWholeNumber(withinMs, 'withinMs', 0, Number.MAX_SAFE_INTEGER);
      return queryCertificates(executor, expiringWithin(this.#settings.now(), spanMs), this.#settings);
    });
  }

  create(certificate: CertificateInput): Promise<string> {
    return this.#session.write('certificates.create', (executor) => {
      const nowMs = this.#settings.now();
      const row = parseNewCertificate(certificate, nowMs, this.#settings.checks);
      return executor.withTransaction((tx) => insertCertificate(tx, row, nowMs));
    });
  }

  createMany(certificates: readonly CertificateInput[], options?: BatchOptions): Promise<CreateResult[]> {
    return this.#session.write('certificates.createMany', (executor) => {
      const { checks, now } = this.#settings;
      const rules = parseCreateManyOptions(options);
      const inputs = checks.batch(certificates, 'certificates', (certificate) => certificate);
      return createCertificates(executor, inputs, { nowMs: now(), checks, rules });
    });
  }

  updateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.#session.write('certificates.updateStatus', (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const newStatus = checkCertificateStatus(status, 'status');
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => setCertificateStatus(tx, key, newStatus, nowMs));
    });
  }

  setMetadata(id: string, metadata: Metadata): Promise<boolean> {
    return this.#session.write('certificates.setMetadata', (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const rows = toMetadataRows(metadata, 'metadata', this.#settings.checks);
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => replaceMetadata(tx, key, rows, nowMs));
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#session.write('certificates.delete', (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => deleteCertificate(tx, key, nowMs));
    });
  }

  revoke(id: string, options: RevocationOptions): Promise<RevocationOutcome | null> {
    return this.#session.write('certificates.revoke', (executor) => {
      const { checks, now } = this.#settings;
      const key = checks.id(id, 'id');
      const nowMs = now();
      const revocation = parseRevocation(options, nowMs);
      return executor.withTransaction((tx) => revokeCertificate(tx, key, revocation, nowMs, checks.scopeOwner));
    });
  }

  rotate(oldId: string, newCertificate: CertificateInput, options?: RotateOptions): Promise<string> {
    return this.#session.write('certificates.rotate', (executor) => {
      const { checks, now } = this.#settings;
      const key = checks.id(oldId, 'oldId');
      const nowMs = now();
      const row = parseNewCertificate(newCertificate, nowMs, checks);
      const allowsRevoked = parseRotateOptions(options);
      return executor.withTransaction((tx) =>
        rotateCertificate(tx, key, { row, allowsRevoked }, nowMs, checks.scopeOwner),
      );
    });
  }

  expireDue(): Promise<number> {
    return this.#session.write('certificates.expireDue', (executor) =>
      expireAllDueCertificates(executor, this.#settings.now()),
    );
  }
}

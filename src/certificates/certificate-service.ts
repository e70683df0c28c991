import type { Executor } from '../storage/executor';
import { mapYielding } from '../runtime/event-loop';
import type { Session } from '../storage/session';
import { checkWholeNumber } from '../validation/checks';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import { toMetadataRows } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { ReadOptions } from '../options/read-options';
import { answerBounds } from '../validation/limits';
import type { ServiceSettings } from '../options/service-settings';
import { withBounds, type Statement } from '../sql/statement';
import { buildCertificateQuery } from './query/builder';
import { toCertificate } from './rows';
import { certificateStatements } from './statements';
import {
  deleteCertificate,
  expireDueCertificates,
  insertCertificate,
  replaceMetadata,
  revokeCertificate,
  rotateCertificate,
  setCertificateStatus,
} from './commands';
import { toFingerprintKey } from './fingerprint';
import { checkCertificateStatus, parseNewCertificate } from './validation';
import { expiringWithin, parseCertificateQuery, type ParsedCertificateQuery } from './query/validation';
import { parseRevocation } from './revocation-options';
import { parseRotateOptions } from './rotate-options';
import type {
  Certificate,
  CertificateInput,
  CertificateStatus,
  RevocationOptions,
  RevocationOutcome,
  RotateOptions,
} from './types';
import type { CertificateQuery } from './query/types';

/** Maximum number of certificates that expire in one transaction. */
const batchSize = 250;

/**
 * Stores certificates and their status. Every failure is a `DatabaseError`. Every change is atomic and adds entries to
 * the change feed; a call that changes nothing adds no entry.
 */
export class CertificateService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Stores a certificate with its metadata, or writes nothing.
   *
   * @returns its id: a UUIDv7 when none was given.
   * @throws ALREADY_EXISTS when the id or the fingerprint is taken; INVALID_INPUT, also when `notAfter` is before
   * `notBefore`, and when `replacedBy` is given.
   */
  create(certificate: CertificateInput): Promise<string> {
    return this.#session.write('certificates.create', async (executor) => {
      const nowMs = this.#settings.now();
      const row = parseNewCertificate(certificate, nowMs, this.#settings.checks);
      return executor.withTransaction((tx) => insertCertificate(tx, row, nowMs));
    });
  }

  /**
   * @returns the certificate as one snapshot; null when it does not exist. With the option `cache` it is frozen and
   * shared between callers.
   * @throws INVALID_INPUT when `id` is not a string, or is empty.
   */
  get(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#session.readRecord('certificates.get', options, () => {
      const key = this.#settings.checks.id(id, 'id');
      const read = (executor: Executor): Promise<Certificate | null> =>
        selectOne(executor, certificateStatements(executor.dialect).selectById({ id: key }));
      return { by: 'certificate', key, read };
    });
  }

  /**
   * @param fingerprint - colons and case are ignored.
   * @returns the certificate as one snapshot; null when it does not exist. With the option `cache` it is frozen and
   * shared between callers.
   * @throws INVALID_INPUT when `fingerprint` is not a string, or is empty.
   */
  getByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#session.readRecord('certificates.getByFingerprint', options, () => {
      const key = toFingerprintKey(this.#settings.checks.id(fingerprint, 'fingerprint'));
      const read = (executor: Executor): Promise<Certificate | null> =>
        selectOne(executor, certificateStatements(executor.dialect).selectByFingerprint({ fingerprintKey: key }));
      return { by: 'fingerprint', key, read };
    });
  }

  /**
   * Finds certificates: see {@link CertificateQuery} for what each field matches.
   *
   * @returns the certificates that match, whole, as one snapshot; an empty array when none does. Without `orderBy` the
   * newest by `createdAt` come first, else ascending; ties are in the order of their ids, ascending.
   * @throws RESULT_TOO_LARGE when `limit` is not given and more than `maxResults` match, INVALID_INPUT.
   */
  query(query: CertificateQuery = {}, options?: ReadOptions): Promise<Certificate[]> {
    return this.#session.read('certificates.query', options, async (executor) => {
      return this.#select(executor, parseCertificateQuery(query, this.#settings.checks));
    });
  }

  /**
   * Finds the VALID and SUSPENDED certificates that expire within `withinMs` milliseconds and have to be renewed.
   *
   * @param withinMs - an integer; 0 finds none.
   * @returns the certificates, whole, as one snapshot, those that end soonest first, ties by id; an empty array when
   * there are none.
   * @throws RESULT_TOO_LARGE when there are more than `maxResults`, INVALID_INPUT.
   */
  expiring(withinMs: number, options?: ReadOptions): Promise<Certificate[]> {
    return this.#session.read('certificates.expiring', options, async (executor) => {
      const spanMs = checkWholeNumber(withinMs, 'withinMs', 0, Number.MAX_SAFE_INTEGER);
      return this.#select(executor, expiringWithin(this.#settings.now(), spanMs));
    });
  }

  /**
   * Changes the status of a certificate by one guarded statement, so that a revocation is never overwritten, whatever
   * runs at the same time. REVOKED to REVOKED changes nothing and answers true, as does any status to itself. Revoking
   * sets `revokedAt` to now; agents are left as they are: see {@link revoke}.
   *
   * @returns false when absent.
   * @throws INVALID_TRANSITION out of REVOKED, INVALID_INPUT.
   */
  updateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.#session.write('certificates.updateStatus', async (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const newStatus = checkCertificateStatus(status, 'status');
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => setCertificateStatus(tx, key, newStatus, nowMs));
    });
  }

  /**
   * Replaces all of a certificate's metadata.
   *
   * @returns false when absent.
   * @throws INVALID_INPUT
   */
  setMetadata(id: string, metadata: Metadata): Promise<boolean> {
    return this.#session.write('certificates.setMetadata', async (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const rows = toMetadataRows(metadata, 'metadata', this.#settings.checks);
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => replaceMetadata(tx, key, rows, nowMs));
    });
  }

  /**
   * Deletes a certificate with its metadata. Certificates whose `replacedBy` refers to it lose that link, and stay. To keep
   * the history readable, leave certificates where they are.
   *
   * @returns false when absent.
   * @throws STILL_REFERENCED while an agent holds it, INVALID_INPUT.
   */
  delete(id: string): Promise<boolean> {
    return this.#session.write('certificates.delete', async (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const nowMs = this.#settings.now();
      return executor.withTransaction((tx) => deleteCertificate(tx, key, nowMs));
    });
  }

  /**
   * Revokes a certificate permanently and atomically suspends or revokes the agents that hold it, as `options.agents`
   * requests; `updatedAt` of the agents moves forward. An agent that is attached to the certificate at the same time is
   * either included or attached after the revocation. On PostgreSQL a transaction of `db.transaction` sees only the
   * agents from before its beginning: an agent that is registered later is not included.
   *
   * @returns null when the certificate does not exist. When it was revoked already, `revoked` is false, the first
   * reason and time stay, and no agent is changed, whatever the options request.
   * @throws INVALID_INPUT
   */
  revoke(id: string, options: RevocationOptions): Promise<RevocationOutcome | null> {
    return this.#session.write('certificates.revoke', async (executor) => {
      const key = this.#settings.checks.id(id, 'id');
      const nowMs = this.#settings.now();
      const revocation = parseRevocation(options, nowMs);
      return executor.withTransaction((tx) => revokeCertificate(tx, key, revocation, nowMs));
    });
  }

  /**
   * Replaces an old certificate by a new one atomically: stores the new one, attaches all agents of the old one to it,
   * whatever their status, and sets the old one's `replacedBy`; `updatedAt` of the agents moves forward. The old
   * certificate keeps its status and may have any status, also REVOKED. Agents that are attached at the same time are
   * handled as {@link revoke} describes.
   *
   * @returns the id of the new certificate.
   * @throws REFERENCE_NOT_FOUND when no certificate has the id `oldId`; CONFLICT when it has been replaced already;
   * INVALID_TRANSITION when the new one is REVOKED, unless the options allow it; ALREADY_EXISTS when its id or its
   * fingerprint is taken, also when `oldId` is unknown; INVALID_INPUT, also when it has `replacedBy`.
   */
  rotate(oldId: string, newCertificate: CertificateInput, options?: RotateOptions): Promise<string> {
    return this.#session.write('certificates.rotate', async (executor) => {
      const key = this.#settings.checks.id(oldId, 'oldId');
      const nowMs = this.#settings.now();
      const row = parseNewCertificate(newCertificate, nowMs, this.#settings.checks);
      const allowsRevoked = parseRotateOptions(options);
      return executor.withTransaction((tx) => rotateCertificate(tx, key, { row, allowsRevoked }, nowMs));
    });
  }

  /**
   * Sets the VALID and SUSPENDED certificates whose `notAfter` has passed to EXPIRED, a few hundred at a time. Each
   * batch is one guarded statement of its own, so it never overwrites a revocation. When a later batch fails, the
   * earlier ones stay. Inside a transaction the call is atomic with the transaction.
   *
   * @returns the number of expired certificates.
   */
  expireDue(): Promise<number> {
    return this.#session.write('certificates.expireDue', async (executor) => {
      const nowMs = this.#settings.now();
      for (let count = 0; ;) {
        const expired = await executor.withTransaction((tx) => expireDueCertificates(tx, nowMs, batchSize));
        count += expired;
        if (expired < batchSize) return count;
      }
    });
  }

  async #select(executor: Executor, { filter, order, limitOffset }: ParsedCertificateQuery): Promise<Certificate[]> {
    if (filter === null || limitOffset.limit === 0) return [];
    const { maxResults } = this.#settings;
    const selection = { filter, order, limit: rowLimit(limitOffset, maxResults), offset: limitOffset.offset ?? 0 };
    const statement = buildCertificateQuery(executor.dialect, selection);
    const rows = await executor.query(withBounds(answerBounds(this.#settings.checks.limits), statement));
    checkResultSize(limitOffset, rows, maxResults);
    return mapYielding(rows, toCertificate);
  }
}

async function selectOne(executor: Executor, statement: Statement): Promise<Certificate | null> {
  const [row] = await executor.query(statement);
  return row === undefined ? null : toCertificate(row);
}

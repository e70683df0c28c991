import { perEngine } from '../sql/per-engine';
import type { Session } from '../client/session';
import { inOrder, type Statement } from '../sql/statement';
import type { Executor } from '../client/executor';
import { Failure } from '../errors/failure';
import { checkNonEmptyText, checkText } from '../input/check';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import { CertificateStatements, toCertificate } from './certificate-statements';
import { toFingerprintKey } from './fingerprint';
import { checkCertificateStatus, parseNewCertificate } from './parse-certificate';
import type { Certificate, CertificateInput, CertificateStatus } from './types';

const statementsOf = perEngine((dialect) => new CertificateStatements(dialect));

/** Keeps certificates and their status. Every failure is a `DatabaseError`. */
export class CertificateService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Stores a certificate with its metadata, or nothing of it.
   *
   * @returns its id, a UUIDv7 where none was given.
   * @throws ALREADY_EXISTS when the id or the fingerprint is taken, REFERENCE_NOT_FOUND when `replacedBy` is unknown,
   * INVALID_INPUT.
   */
  create(certificate: CertificateInput): Promise<string> {
    return this.#session.write('certificates.create', async (executor) => {
      const row = parseNewCertificate(certificate, this.#settings.now());
      const statements = statementsOf(executor.dialect);
      return executor.atomic(function* () {
        yield* inOrder(statements.insert(row));
        return row.columns.id;
      });
    });
  }

  /**
   * @returns the certificate as one snapshot; null when absent.
   * @throws INVALID_INPUT when `id` is no text, or empty.
   */
  get(id: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#session.read('certificates.get', options, async (executor) => {
      return selectOne(executor, statementsOf(executor.dialect).selectById({ id: checkNonEmptyText(id, 'id') }));
    });
  }

  /**
   * @param fingerprint - colons and case are ignored.
   * @returns the certificate as one snapshot; null when absent.
   * @throws INVALID_INPUT when `fingerprint` is no text.
   */
  getByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null> {
    return this.#session.read('certificates.getByFingerprint', options, async (executor) => {
      const fingerprintKey = toFingerprintKey(checkText(fingerprint, 'fingerprint'));
      return selectOne(executor, statementsOf(executor.dialect).selectByFingerprint({ fingerprintKey }));
    });
  }

  /**
   * Changes the status of a certificate by one guarded statement, so that a revocation is never overwritten, whatever
   * runs at the same time. REVOKED to REVOKED changes nothing and answers true. Revoking sets `revokedAt` to now.
   *
   * @returns false when absent.
   * @throws INVALID_TRANSITION out of REVOKED, INVALID_INPUT.
   */
  updateStatus(id: string, status: CertificateStatus): Promise<boolean> {
    return this.#session.write('certificates.updateStatus', async (executor) => {
      const key = checkNonEmptyText(id, 'id');
      const newStatus = checkCertificateStatus(status, 'status');
      const revokedAt = newStatus === 'REVOKED' ? { revokedAt: new Date(this.#settings.now()) } : {};
      return executor.prisma(async ({ certificate }) => {
        const { count } = await certificate.updateMany({
          where: { id: key, status: { not: 'REVOKED' } },
          data: { status: newStatus, ...revokedAt },
        });
        if (count === 1) return true;
        const found = await certificate.findUnique({ where: { id: key }, select: { status: true } });
        if (found?.status === 'REVOKED' && newStatus !== 'REVOKED') throw revokedForGood();
        return found?.status === 'REVOKED';
      });
    });
  }
}

async function selectOne(executor: Executor, statement: Statement): Promise<Certificate | null> {
  const [row] = await executor.query(statement);
  return row === undefined ? null : toCertificate(row);
}

function revokedForGood(): Failure {
  return new Failure('INVALID_TRANSITION', 'a revoked certificate stays revoked', {
    entity: 'certificate',
    field: 'status',
  });
}

import fc, { type Arbitrary } from 'fast-check';
import { CertificateStatus, RevocationReason } from '../../src';
import type { CertificateInput, CertificateQuery, RevocationOptions, RotateOptions } from '../../src';
import {
  certificateId,
  few,
  fingerprint,
  metadata,
  namePart,
  partly,
  pool,
  seldom,
  someOf,
  text,
  time,
  window,
} from './pools';

/*
 * Arbitraries of certificates, built from the values of the pools, and of the queries and options of their calls.
 */

const anyCertificate: Arbitrary<CertificateInput> = fc.record(
  {
    id: certificateId,
    subject: text('CN=a', ''),
    issuer: text('CN=ca', ''),
    notBefore: time,
    notAfter: time,
    publicKey: text('key'),
    certificate: text('pem'),
    fingerprint,
    status: pool(...Object.values(CertificateStatus)),
    metadata,
    createdAt: time,
  },
  { requiredKeys: ['subject', 'issuer', 'notBefore', 'notAfter', 'publicKey', 'certificate', 'fingerprint'] },
);

/** A certificate that rarely ends before it begins. */
export const certificateInput = fc
  .tuple(anyCertificate, fc.integer({ min: 0, max: 19 }))
  .map(([certificate, chance]): CertificateInput => {
    const [notBefore, notAfter] = [certificate.notBefore, certificate.notAfter];
    return chance === 0 || notBefore <= notAfter
      ? certificate
      : { ...certificate, notBefore: notAfter, notAfter: notBefore };
  });

export const rotateOptions: Arbitrary<RotateOptions> = partly({ allowRevokedCertificate: pool(undefined, true) });

export const certificateStatus = pool(...Object.values(CertificateStatus));

export const certificateQuery: Arbitrary<CertificateQuery> = fc
  .tuple(
    few(
      {
        ids: someOf(certificateId),
        subject: fc.oneof(text('CN=a', 'cn', 'A'), namePart),
        issuer: text('CN=ca', 'ca', 'CA'),
        status: someOf(certificateStatus),
        fingerprint,
        expiresBefore: time,
        expiresAfter: time,
        metadata,
      },
      window,
    ),
    partly({
      orderBy: pool<CertificateQuery['orderBy']>('id', 'subject', 'notBefore', 'notAfter', 'createdAt'),
      orderDirection: pool('asc' as const, 'desc' as const),
    }),
  )
  .map(([filter, order]) => ({ ...filter, ...order }));

export const revocation: Arbitrary<RevocationOptions> = fc.record(
  {
    reason: pool(...Object.values(RevocationReason)),
    revokedAt: seldom(time),
    agents: pool('keep' as const, 'suspend' as const, 'revoke' as const),
  },
  { requiredKeys: ['reason', 'agents'] },
);

/** A time span in milliseconds, which is rarely invalid. */
export const span = fc.oneof(
  { weight: 20, arbitrary: pool(0, 1, 999, 1000, 100_000, Number.MAX_SAFE_INTEGER) },
  { weight: 1, arbitrary: pool(-1, 0.5) },
);

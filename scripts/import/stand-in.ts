import { createHash } from 'node:crypto';
import type { CertificateInput } from '../../src';
import { deterministicId } from './deterministic-id';

/** Placeholder for an agent's key. It is not PEM, so that it cannot be mistaken for a key. */
export const noPublicKey = 'none: the source of this agent publishes no key';

/** The id of the certificate that the agents of `source` are stored with. */
export function standInCertificateId(source: string): string {
  return deterministicId(['stand-in certificate', source]);
}

/**
 * Returns the certificate of the agents of `source`: registers publish none, and the directory requires one. It is
 * suspended, so that nobody relies on it, and is the same at every import.
 */
export function standInCertificate(source: string): CertificateInput {
  const subject = `CN=stand-in for the agents of ${source}`;
  const digest = createHash('sha256').update(subject).digest('hex').toUpperCase();
  return {
    id: standInCertificateId(source),
    subject,
    issuer: subject,
    notBefore: new Date(0),
    notAfter: new Date('9999-12-31T23:59:59.999Z'),
    publicKey: noPublicKey,
    certificate: '',
    fingerprint: digest.replace(/..(?!$)/g, '$&:'),
    status: 'SUSPENDED',
    metadata: { 'import.standIn': true, 'import.source': source },
  };
}

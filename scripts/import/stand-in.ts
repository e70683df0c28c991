import { createHash } from 'node:crypto';
import type { CertificateInput } from '../../src';
import { deterministicId } from './deterministic-id';

/** Placeholder for the key of an agent. It is not PEM, so that nobody mistakes it for a key. */
export const noPublicKey = 'none: the source of this agent publishes no key';

/** Returns the id of the stand-in certificate for the agents of `source`. */
export function standInCertificateId(source: string): string {
  return deterministicId(['stand-in certificate', source]);
}

/**
 * Returns the stand-in certificate for the agents of `source`. Registries publish no certificates, but the directory
 * requires one for each agent. The certificate is SUSPENDED, so that nobody relies on it, and the same in each import.
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

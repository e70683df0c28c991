import { X509Certificate } from 'node:crypto';
import type { CertificateInput } from '../certificates/types';
import { invalidInput } from '../errors/failure';
import { toDatabaseError } from '../errors/operation';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Parses an X.509 certificate with `node:crypto`. Returns the fields that {@link CertificateInput} requires, and
 * `serialNumber`. Reads only the first certificate if the text contains several, such as a chain. Does not verify the
 * signature, the issuer or the validity.
 *
 * - `subject` and `issuer` have one line for each attribute, such as `CN=agent.example`. They are empty when the
 *   certificate has none.
 * - `fingerprint` is the SHA-256 hash: upper-case hexadecimal bytes, separated by colons.
 * - `serialNumber` is an upper-case hexadecimal number.
 * - `certificate` is the PEM text of the certificate alone, without other text of `pem`, such as a private key.
 *
 * @throws INVALID_INPUT when `pem` contains no certificate in PEM format, or when its key has an algorithm that Node.js
 * does not know.
 * @example
 * ```ts
 * const certificate = certificateFromPem(await readFile('agent.pem', 'utf8'));
 * const certificateId = await db.createCertificate({ ...certificate, metadata: { source: 'upload' } });
 * ```
 */
export function certificateFromPem(pem: string): CertificateInput {
  try {
    return toInput(parse(pem));
  } catch (error) {
    throw toDatabaseError('certificateFromPem', error);
  }
}

function parse(pem: unknown): X509Certificate {
  if (typeof pem !== 'string') throw invalidInput('pem', 'must be a string');
  // Accepts only PEM. X509Certificate would also accept DER, but a JavaScript string cannot contain DER unchanged.
  const [first] = /-----BEGIN (X509 |TRUSTED |)CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/.exec(pem) ?? [];
  if (first === undefined) throw invalidInput('pem', 'must be an X.509 certificate in PEM format');
  try {
    return new X509Certificate(first);
  } catch {
    throw invalidInput('pem', 'must be an X.509 certificate in PEM format');
  }
}

function toInput(certificate: X509Certificate): CertificateInput {
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    notBefore: toDate(certificate.validFrom),
    notAfter: toDate(certificate.validTo),
    publicKey: publicKeyOf(certificate),
    certificate: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    serialNumber: certificate.serialNumber,
  };
}

// Converts undefined to an empty text: contrary to its types, Node.js returns undefined for an empty name.
function nameOf(name: string | undefined): string {
  return name ?? '';
}

function publicKeyOf(certificate: X509Certificate): string {
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    throw invalidInput('pem', 'must have a public key of an algorithm that Node.js supports');
  }
}

// Parses the time itself, because Date.parse() would read a year below 100 as a year of the 20th or 21st century.
function toDate(text: string): Date {
  const [month = '', day = '', time = '', year = ''] = text.split(/ +/);
  const [hours = '', minutes = '', seconds = ''] = time.split(':');
  const date = new Date(0);
  date.setUTCFullYear(Number(year), months.indexOf(month), Number(day));
  date.setUTCHours(Number(hours), Number(minutes), Number(seconds));
  return date;
}

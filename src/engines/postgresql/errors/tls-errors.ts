/**
 * Faults of the server's certificate, by the error code of Node.js (see "X509 certificate error codes" in the
 * documentation of `node:tls`).
 */
const certificateFaults: ReadonlyMap<unknown, string> = new Map([
  ['CERT_HAS_EXPIRED', "the server's certificate has expired"],
  ['CERT_NOT_YET_VALID', "the server's certificate is not valid yet"],
  ['CERT_REVOKED', "the server's certificate is revoked"],
  ['ERR_TLS_CERT_ALTNAME_INVALID', "the server's certificate is for another host name"],
  ['HOSTNAME_MISMATCH', "the server's certificate is for another host name"],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted('is self-signed')],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted('was issued by an unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted('was issued by an unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted('was issued by an unknown authority')],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted('was issued by an unknown authority')],
]);

/**
 * Matches the codes of rare reasons to reject a certificate or a revocation list. The failure message contains the
 * code.
 */
const otherCertificateCode =
  /^(?:CERT|CRL|UNABLE_TO_GET|UNABLE_TO_DECRYPT|UNABLE_TO_DECODE|ERROR_IN_CERT|ERROR_IN_CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;

/** Matches the codes of a failed TLS handshake. Node.js reports `EPROTO` when the socket itself detects the failure. */
const handshakeCode = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

/** Returns the description of a TLS fault of a connection. Returns undefined for a code that is not about TLS. */
export function describeTlsError(code: unknown): string | undefined {
  if (typeof code !== 'string') return undefined;
  const known = certificateFaults.get(code);
  if (known !== undefined) return known;
  if (otherCertificateCode.test(code)) return `the server's certificate was rejected (${code})`;
  return handshakeCode.test(code) ? `the TLS handshake with the server failed (${code})` : undefined;
}

function untrusted(reason: string): string {
  return `the server's certificate ${reason}: set sslrootcert to the certificate of a trusted authority`;
}

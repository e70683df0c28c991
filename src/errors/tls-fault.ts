/** What is wrong with a certificate of the server, by the code of Node.js (the documentation of `node:tls`, "X509 errors"). */
const certificateFaults: ReadonlyMap<unknown, string> = new Map([
  ['CERT_HAS_EXPIRED', "the server's certificate has expired"],
  ['CERT_NOT_YET_VALID', "the server's certificate is not valid yet"],
  ['CERT_REVOKED', "the server's certificate is revoked"],
  ['ERR_TLS_CERT_ALTNAME_INVALID', "the server's certificate is for another host name"],
  ['HOSTNAME_MISMATCH', "the server's certificate is for another host name"],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted('is self-signed')],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted('comes from an unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted('comes from an unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted('comes from an unknown authority')],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted('comes from an unknown authority')],
]);

/** Codes of the other reasons to refuse a certificate or a revocation list, which only experts can act on. */
const otherCertificateCode =
  /^(?:CERT|CRL|UNABLE_TO_GET|UNABLE_TO_DECRYPT|UNABLE_TO_DECODE|ERROR_IN_CERT|ERROR_IN_CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;

/** Codes of a handshake that failed. Node.js uses `EPROTO` where the socket itself reports it. */
const handshakeCode = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

/** Returns what went wrong with the encryption of a connection; undefined where the code has nothing to do with it. */
export function describeTlsFault(code: unknown): string | undefined {
  if (typeof code !== 'string') return undefined;
  const known = certificateFaults.get(code);
  if (known !== undefined) return known;
  if (otherCertificateCode.test(code)) return `the server's certificate was refused (${code})`;
  return handshakeCode.test(code) ? `the TLS handshake with the server failed (${code})` : undefined;
}

function untrusted(reason: string): string {
  return `the server's certificate ${reason}: name the authority to trust with sslrootcert`;
}

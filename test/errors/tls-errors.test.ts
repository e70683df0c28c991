import { describeTlsError } from '../../src/engines/postgresql/errors/tls-errors';

test.each([
  ['CERT_HAS_EXPIRED', /has expired/],
  ['CERT_NOT_YET_VALID', /not valid yet/],
  ['CERT_REVOKED', /is revoked/],
  ['HOSTNAME_MISMATCH', /another host name/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /self-signed/],
  ['SELF_SIGNED_CERT_IN_CHAIN', /unknown authority/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unknown authority/],
  ['CERT_SIGNATURE_FAILURE', /rejected \(CERT_SIGNATURE_FAILURE\)/],
  ['INVALID_PURPOSE', /rejected/],
  ['PATH_LENGTH_EXCEEDED', /rejected/],
  ['CRL_HAS_EXPIRED', /rejected/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /handshake/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /handshake/],
  ['EPROTO', /handshake/],
])('describes what %s means', (code, message) => {
  expect(describeTlsError(code)).toMatch(message);
});

test.each(['ECONNRESET', 'SQLITE_BUSY', '42501', 'ENOENT', undefined, 7])(
  'ignores the code %s, which is not a TLS fault',
  (code) => {
    expect(describeTlsError(code)).toBeUndefined();
  },
);

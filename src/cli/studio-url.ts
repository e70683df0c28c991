/**
 * Parameters of a PostgreSQL URL that Prisma Studio's driver, or the server, understands. Studio also sends all other
 * parameters to the server, which would reject them.
 */
const knownParameters = [
  'application_name',
  'client_encoding',
  'options',
  'connect_timeout',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];

/**
 * TLS modes that have another name in the driver of Prisma Studio. Its mode `require` does not check the certificate.
 */
const sslModes: Readonly<Record<string, string>> = {
  '0': 'disable',
  '1': 'verify-full',
  true: 'verify-full',
  prefer: 'verify-full',
  require: 'verify-full',
  'no-verify': 'require',
};

/** Environment variables with which Prisma Studio opens a database. */
export interface StudioEnvironment {
  readonly ANS_DATABASE_STUDIO_URL: string;
  readonly NODE_EXTRA_CA_CERTS?: string;
}

/**
 * Returns the environment variables with which Prisma Studio can open the database of a URL. Studio uses another
 * PostgreSQL driver than this package. That driver reads the TLS parameters differently. It shows times as NULL unless
 * the server sends them in the ISO style.
 */
export function studioEnvironment(url: string): StudioEnvironment {
  const [address = '', query] = url.split('?');
  if (!/^postgres/i.test(address)) return { ANS_DATABASE_STUDIO_URL: url };
  const given = new URLSearchParams(query);
  const parameters = new URLSearchParams({ datestyle: 'ISO' });
  for (const name of knownParameters) {
    const value = given.get(name);
    if (value !== null) parameters.set(name, value);
  }
  const mode = given.get('sslmode') ?? given.get('ssl');
  const isLikeLibpq = given.get('uselibpqcompat') === 'true';
  if (mode !== null) parameters.set('sslmode', isLikeLibpq ? mode : (sslModes[mode] ?? mode));
  const certificates = given.get('sslrootcert');
  return {
    // `URLSearchParams` writes a space as +, which the server would read as a plus sign.
    ANS_DATABASE_STUDIO_URL: `${address}?${parameters.toString().replaceAll('+', '%20')}`,
    ...(certificates === null ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  };
}

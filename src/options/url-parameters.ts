import { invalidUrl } from './invalid-url';

type Check = (value: string) => boolean;

const anything: Check = () => true;
const wholeNumber: Check = (value) => /^\d{1,10}$/.test(value);
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value);

/**
 * Parameters of node-postgres that this package supports, each with the check of its value. node-postgres would ignore
 * or misinterpret a value that fails this check.
 */
const driverParameters: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['user', anything],
  ['password', anything],
  ['host', anything],
  ['port', (value) => wholeNumber(value) && Number(value) >= 1 && Number(value) <= 65_535],
  ['ssl', oneOf('true', '1', '0', 'no-verify')],
  ['sslmode', oneOf('disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify')],
  ['sslcert', anything],
  ['sslkey', anything],
  ['sslrootcert', anything],
  ['sslnegotiation', oneOf('postgres', 'direct')],
  ['uselibpqcompat', oneOf('true', 'false')],
  ['application_name', anything],
  ['fallback_application_name', anything],
  ['client_encoding', (value) => /^(?:utf-?8|unicode)$/i.test(value)],
  ['options', anything],
  ['statement_timeout', wholeNumber],
  ['lock_timeout', wholeNumber],
  ['idle_in_transaction_session_timeout', wholeNumber],
  ['query_timeout', wholeNumber],
]);

/**
 * URL parameters of Prisma's engines, except `schema`. They are allowed and ignored, because Prisma's tools may use the
 * same URL.
 */
const prismaParameters: ReadonlySet<string> = new Set([
  'connection_limit',
  'connect_timeout',
  'pool_timeout',
  'socket_timeout',
  'pgbouncer',
  'statement_cache_size',
  'max_connection_lifetime',
  'max_idle_connection_lifetime',
  'single_use_connections',
  'channel_binding',
  'sslaccept',
  'sslidentity',
  'sslpassword',
]);

/** Validated parameters of a database URL. */
export interface UrlParameters {
  readonly schema: string | undefined;
  /** Names of the URL parameters that only Prisma's engines use. */
  readonly ignored: readonly string[];
}

/**
 * Checks the parameters of a PostgreSQL URL.
 *
 * @throws INVALID_OPTIONS for a parameter that is unknown or repeated, or has an invalid value. The message names the
 * parameter.
 */
export function checkPostgresqlParameters(parameters: URLSearchParams, field: string): UrlParameters {
  const schema = parameters.get('schema') ?? undefined;
  if (schema !== undefined) checkSchema(schema, field);
  const isKnown = (name: string): boolean => name === 'schema' || driverParameters.has(name);
  const ignored = checkNames(parameters, field, isKnown);
  for (const [name, value] of parameters) {
    if (driverParameters.get(name)?.(value) === false)
      throw invalidUrl(field, `has an invalid value of the parameter ${name}`);
  }
  return { schema, ignored };
}

// Rejects schema names with a special meaning in PostgreSQL: `$user`, and names that begin with `pg_`. Also rejects
// long names: PostgreSQL truncates a name to 63 bytes, so two longer names could mean the same schema.
function checkSchema(schema: string, field: string): void {
  if (schema === '') throw invalidUrl(field, 'must not name an empty schema');
  if (schema === '$user' || schema.startsWith('pg_')) throw invalidUrl(field, 'must not name a system schema');
  if (Buffer.byteLength(schema) > 63) throw invalidUrl(field, 'must name a schema of at most 63 bytes');
}

/**
 * Checks the parameters of a SQLite URL, and returns their names. Only parameters of Prisma's engines are allowed.
 *
 * @throws INVALID_OPTIONS for any other parameter, and for a repeated one
 */
export function checkSqliteParameters(parameters: URLSearchParams, field: string): readonly string[] {
  return checkNames(parameters, field, () => false);
}

// Hides the names of all parameters when one of them contains "@". Such a parameter may be the rest of a password that
// contains an unescaped "?".
function checkNames(parameters: URLSearchParams, field: string, isKnown: (name: string) => boolean): string[] {
  const seen = new Set<string>();
  const ignored: string[] = [];
  const mayHoldPassword = [...parameters].flat().some((text) => text.includes('@'));
  for (const name of parameters.keys()) {
    const shown = !mayHoldPassword && /^\w{1,40}$/.test(name) ? name : '(name withheld)';
    if (seen.has(name)) throw invalidUrl(field, `must not repeat the parameter ${shown}`);
    seen.add(name);
    if (prismaParameters.has(name)) ignored.push(name);
    else if (!isKnown(name)) throw invalidUrl(field, `has an unknown parameter ${shown}`);
  }
  return ignored;
}
